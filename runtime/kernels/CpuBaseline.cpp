// The CPU device for the build's base instruction set (x86-64-v2 on x86-64).
#define SIGMA_LEVEL baseline
#if defined(__x86_64__)
#define SIGMA_LEVEL_NAME "x86-64-v2"
#else
#define SIGMA_LEVEL_NAME "baseline"
#endif
#define SIGMA_VECTOR_BYTES 16
#include "runtime/kernels/Elementwise.inc"
