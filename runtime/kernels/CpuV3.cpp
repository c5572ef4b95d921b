// The CPU device for x86-64-v3 (AVX2, FMA).
#define SIGMA_LEVEL v3
#define SIGMA_LEVEL_NAME "x86-64-v3"
#define SIGMA_VECTOR_BYTES 32
#include "runtime/kernels/Elementwise.inc"
