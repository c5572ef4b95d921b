// The CPU device for x86-64-v4 (AVX-512 F, BW, CD, DQ, VL).
#define SIGMA_LEVEL v4
#define SIGMA_LEVEL_NAME "x86-64-v4"
#define SIGMA_VECTOR_BYTES 64
#include "runtime/kernels/Elementwise.inc"
