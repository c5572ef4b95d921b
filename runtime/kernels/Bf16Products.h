// Matrix products of which a matrix at least is bf16, and the others f32. Those of two bf16 are
// oneDNN's where the processor multiplies bf16; of the others, blocks are widened to f32. Products
// of two bf16 are exact in f32, so both ways differ no more than sums in another order do.
#ifndef SIGMA_RUNTIME_KERNELS_BF16PRODUCTS_H
#define SIGMA_RUNTIME_KERNELS_BF16PRODUCTS_H

#include "runtime/kernels/Device.h"

namespace sigma::runtime {

/// Whether this processor has instructions of bf16 (AVX512_BF16, AMX). Without them oneDNN makes
/// these products, too, at a quarter of the rate of f32, and below AVX-512 refuses them.
bool hasBf16Products();

void multiplyBf16(const Gemm &);
/// Of two bf16 matrices. Throws std::runtime_error where oneDNN refuses them.
void multiplyBf16ByOneDnn(const Gemm &);
void multiplyInWideBlocks(const Gemm &);

} // namespace sigma::runtime

#endif
