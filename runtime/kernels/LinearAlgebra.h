// What the runtime asks of its linear-algebra library (OpenBLAS) besides products.
#ifndef SIGMA_RUNTIME_KERNELS_LINEARALGEBRA_H
#define SIGMA_RUNTIME_KERNELS_LINEARALGEBRA_H

namespace sigma::runtime {

/// OpenBLAS chooses its kernels when it is loaded. It takes a processor that is newer than itself
/// for an old one, and an inherited OPENBLAS_CORETYPE for an order; either may cost a factor of two
/// to six. When its choice does not fit this processor, this starts the program once more, in the
/// same process, with a choice that does. SIGMA_BLAS_CORE=inherit in the environment keeps the
/// library's choice.
void restartWithFittingKernels(char *const *argv);

/// Sets the library to one thread and gives the name of the kernels it chose.
const char *prepareLinearAlgebra();

} // namespace sigma::runtime

#endif
