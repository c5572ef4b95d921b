// The linear-algebra libraries below the CPU device: oneDNN multiplies in f32, OpenBLAS in f64, and
// both in f32 below AVX-512. Products with bf16 are in Bf16Products.h.
#ifndef SIGMA_RUNTIME_KERNELS_LINEARALGEBRA_H
#define SIGMA_RUNTIME_KERNELS_LINEARALGEBRA_H

#include "runtime/kernels/Device.h"

#include <cstdint>
#include <string>

namespace sigma::runtime {

/// A matrix product whose elements are all of one type.
template <class T>
struct Product {
  const T *a;
  int64_t lda;
  bool transposeA;
  const T *b;
  int64_t ldb;
  bool transposeB;
  T *c;
  int64_t ldc;
  int64_t m, n, k;
  bool accumulate;
};

void multiplyByOneDnn(const Product<float> &);
void multiplyByOpenBlas(const Product<double> &);
/// OpenBLAS where the left matrix is transposed, which oneDNN's kernels below AVX-512 do at half
/// their speed; oneDNN elsewhere.
void multiplyByEither(const Product<float> &);
/// OpenBLAS chooses its kernels when it is loaded. It takes a processor that is newer than itself
/// for an old one, and an inherited OPENBLAS_CORETYPE for an order; either may cost a factor of two
/// to six. When its choice does not fit this processor and a program of element type `elem` needs
/// it, this starts the program once more, in the same process, with a choice that does. So it does
/// for several threads, for each library's idle ones would take the processors of the other's:
/// how they wait is read at load, too. SIGMA_BLAS_CORE=inherit in the environment keeps all as it
/// is.
void restartInFittingEnvironment(int64_t elem, int64_t threads, char *const *argv);

/// Sets the libraries to so many threads and names what multiplies matrices of element type `elem`.
/// Throws UserError where this process may run on fewer processors.
std::string prepareLinearAlgebra(int64_t elem, int64_t threads);

} // namespace sigma::runtime

#endif
