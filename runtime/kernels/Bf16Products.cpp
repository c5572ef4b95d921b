#include "runtime/kernels/Bf16Products.h"
#include "runtime/kernels/BFloat16.h"
#include "runtime/kernels/LinearAlgebra.h"

#include <oneapi/dnnl/dnnl.hpp>

#include <algorithm>
#include <map>
#include <new>
#include <stdexcept>
#include <tuple>
#include <vector>

namespace sigma::runtime {

bool hasBf16Products() {
  static const bool has = [] {
    const auto isa = int(dnnl::get_effective_cpu_isa());
    const auto bf16 = int(dnnl::cpu_isa::avx512_core_bf16);
    return (isa & bf16) == bf16;
  }();
  return has;
}

namespace {

/// Rows and columns of a block. A block in f32 is 1 MiB: large enough that widening it is little
/// beside its product.
constexpr int64_t kBlock = 512;

using Floats = std::vector<float>;

Matrix partOf(const Matrix &matrix, int64_t row, int64_t column) {
  if (matrix.transpose)
    std::swap(row, column);
  Matrix part = matrix;
  part.data = static_cast<const char *>(matrix.data) +
              (row * matrix.stride + column) * elemBytes(matrix.elem);
  return part;
}

/// The block of g that begins at (row, column) of c.
Gemm blockOf(const Gemm &g, int64_t row, int64_t column) {
  Gemm block = g;
  block.a = partOf(g.a, row, 0);
  block.b = partOf(g.b, 0, column);
  block.c = static_cast<char *>(g.c) + (row * g.stride + column) * elemBytes(g.elem);
  block.m = std::min(kBlock, g.m - row);
  block.n = std::min(kBlock, g.n - column);
  return block;
}

/// Rounds sums to a block of c, which may be added to them.
void narrowSums(const Gemm &block, float *sums) {
  const Kernels<BFloat16> &kernels = cpuDevice()->bf16;
  BFloat16 *out = static_cast<BFloat16 *>(block.c);
  for (int64_t r = 0; r < block.m; ++r, sums += block.n, out += block.stride) {
    if (block.accumulate)
      kernels.accumulate(out, sums, block.n);
    kernels.narrow(sums, out, block.n);
  }
}

/// Calls multiply for products whose results are f32: c, or blocks of sums that are rounded to c.
template <class F>
void multiplyWide(const Gemm &g, F multiply) {
  if (g.elem == SIGMA_F32)
    return multiply(g);
  static thread_local Floats sums(kBlock * kBlock);
  for (int64_t j = 0; j < g.n; j += kBlock)
    for (int64_t i = 0; i < g.m; i += kBlock) {
      const Gemm block = blockOf(g, i, j);
      multiply({block.a, block.b, sums.data(), SIGMA_F32, block.n, block.m, block.n, g.k, false});
      narrowSums(block, sums.data());
    }
}

} // namespace

// ---- By oneDNN

namespace {

using dnnl::memory;

const dnnl::engine &engine() {
  static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

void check(dnnl_status_t status, const Gemm &g) {
  if (status == dnnl_out_of_memory || status == dnnl_runtime_error)
    throw std::bad_alloc();
  if (status != dnnl_success)
    throw std::runtime_error("oneDNN refused a bf16 product of " + std::to_string(g.m) + " x " +
                             std::to_string(g.n) + " x " + std::to_string(g.k));
}

memory::dims stridesOf(bool transpose, int64_t stride) {
  return {transpose ? 1 : stride, transpose ? stride : 1};
}

/// Products of two bf16 matrices of any size, with results in f32. Readying oneDNN for one size
/// takes longer than multiplying, and experts' sizes are other ones in each step.
class WideProduct {
public:
  WideProduct(bool transposeA, bool transposeB, bool accumulate)
      : primitive(described(transposeA, transposeB, accumulate)) {}

  void make(const Gemm &g) const {
    const memory a = at(g.a.data, g.m, g.k, memory::data_type::bf16, g.a.stride, g.a.transpose);
    const memory b = at(g.b.data, g.k, g.n, memory::data_type::bf16, g.b.stride, g.b.transpose);
    const memory c = at(g.c, g.m, g.n, memory::data_type::f32, g.stride, false);
    const dnnl_exec_arg_t arguments[] = {
        {DNNL_ARG_SRC, a.get()}, {DNNL_ARG_WEIGHTS, b.get()}, {DNNL_ARG_DST, c.get()}};
    static thread_local const dnnl::stream stream(engine());
    check(dnnl_primitive_execute(primitive.get(), stream.get(), 3, arguments), g);
    check(dnnl_stream_wait(stream.get()), g);
  }

private:
  static dnnl::matmul::primitive_desc described(bool transposeA, bool transposeB, bool accumulate) {
    const auto matrix = [](bool transpose, memory::data_type type) {
      constexpr memory::dim any = DNNL_RUNTIME_DIM_VAL;
      return memory::desc({any, any}, type, stridesOf(transpose, any));
    };
    dnnl::post_ops after;
    if (accumulate)
      after.append_sum(1.0f);
    dnnl::primitive_attr attributes;
    attributes.set_post_ops(after);
    return {{matrix(transposeA, memory::data_type::bf16),
             matrix(transposeB, memory::data_type::bf16), matrix(false, memory::data_type::f32)},
            attributes,
            engine()};
  }

  static memory at(const void *data, int64_t rows, int64_t columns, memory::data_type type,
                   int64_t stride, bool transpose) {
    return {
        {{rows, columns}, type, stridesOf(transpose, stride)}, engine(), const_cast<void *>(data)};
  }

  dnnl::matmul primitive;
};

void multiplyToF32(const Gemm &g) {
  static thread_local std::map<std::tuple<bool, bool, bool>, WideProduct> products;
  products
      .try_emplace({g.a.transpose, g.b.transpose, g.accumulate}, g.a.transpose, g.b.transpose,
                   g.accumulate)
      .first->second.make(g);
}

} // namespace

void multiplyBf16ByOneDnn(const Gemm &g) {
  try {
    multiplyWide(g, multiplyToF32);
  } catch (const dnnl::error &error) {
    check(error.status, g);
  }
}

// ---- In f32

namespace {

/// A matrix in f32, as it lies in memory: widened into `block`, or itself.
Matrix inF32(const Matrix &matrix, int64_t rows, int64_t columns, Floats &block) {
  if (matrix.elem == SIGMA_F32)
    return matrix;
  if (matrix.transpose)
    std::swap(rows, columns);
  const BFloat16 *from = static_cast<const BFloat16 *>(matrix.data);
  for (int64_t r = 0; r < rows; ++r)
    cpuDevice()->bf16.widen(from + r * matrix.stride, block.data() + r * columns, columns);
  return matrixOf(block.data(), columns, matrix.transpose);
}

void multiplyWidened(const Gemm &g) {
  static thread_local Floats aBlock(kBlock * kBlock), bBlock(kBlock * kBlock);
  Matrix b = {};
  for (int64_t j = 0; j < g.n; j += kBlock)
    for (int64_t i = 0; i < g.m; i += kBlock) {
      const Gemm block = blockOf(g, i, j);
      for (int64_t l = 0; l < g.k; l += kBlock) {
        const int64_t inner = std::min(kBlock, g.k - l);
        const Matrix a = inF32(partOf(block.a, 0, l), block.m, inner, aBlock);
        if (i == 0 || g.k > kBlock) // otherwise it is there
          b = inF32(partOf(block.b, l, 0), inner, block.n, bBlock);
        multiplyByEither(Product<float>{static_cast<const float *>(a.data), a.stride, a.transpose,
                                        static_cast<const float *>(b.data), b.stride, b.transpose,
                                        static_cast<float *>(block.c), g.stride, block.m, block.n,
                                        inner, l > 0 || g.accumulate});
      }
    }
}

} // namespace

void multiplyInWideBlocks(const Gemm &g) { multiplyWide(g, multiplyWidened); }

void multiplyBf16(const Gemm &g) {
  const bool areBoth = g.a.elem == SIGMA_BF16 && g.b.elem == SIGMA_BF16;
  if (areBoth && hasBf16Products())
    multiplyBf16ByOneDnn(g);
  else
    multiplyInWideBlocks(g);
}

} // namespace sigma::runtime
