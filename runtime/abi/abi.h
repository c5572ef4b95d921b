/* The C ABI between a generated program and libsigma_runtime. The functions are listed in abi.def.
 */
#ifndef SIGMA_RUNTIME_ABI_ABI_H
#define SIGMA_RUNTIME_ABI_ABI_H

#include <stdint.h>

/* Raised by every change of abi.def; a program built for another version is refused at start. */
#define SIGMA_ABI_VERSION 11

enum { SIGMA_F32 = 0, SIGMA_F64 = 1, SIGMA_BF16 = 2 };
enum { SIGMA_TRANSPOSE_A = 1, SIGMA_TRANSPOSE_B = 2, SIGMA_ACCUMULATE = 4 };
enum { SIGMA_INIT_ZEROS = 0, SIGMA_INIT_ONES = 1, SIGMA_INIT_NORMAL = 2 };
enum {
  SIGMA_GROUP_TENSOR = 0,
  SIGMA_GROUP_CONTEXT = 1,
  SIGMA_GROUP_EXPERT_TENSOR = 2,
  SIGMA_GROUP_EXPERT = 3,
  SIGMA_GROUP_DATA = 4,
  SIGMA_GROUP_EXPERT_DATA = 5,
  SIGMA_GROUP_ENDS = 6
};
enum { SIGMA_RING = 0, SIGMA_ALL_TO_ALL = 1 };
enum { SIGMA_STAGES_OUTSIDE = 0, SIGMA_STAGES_INSIDE = 1 };
enum { SIGMA_FORWARD = 0, SIGMA_BACKWARD = 1 };
enum {
  SIGMA_SPAN_FORWARD = 0,
  SIGMA_SPAN_RECOMPUTE = 1,
  SIGMA_SPAN_BACKWARD = 2,
  SIGMA_SPAN_INPUT_GRADIENTS = 3,
  SIGMA_SPAN_WEIGHT_GRADIENTS = 4,
  SIGMA_SPAN_UPDATE = 5
};
enum { SIGMA_TERM_LOSS = 0, SIGMA_TERM_BALANCE = 1 };
enum {
  SIGMA_SILU = 0,
  SIGMA_GELU = 1,
  SIGMA_GELU_TANH = 2,
  SIGMA_RELU = 3,
  SIGMA_RELU_SQUARED = 4,
  SIGMA_CLAMPED_SILU = 5,
  SIGMA_TANH_CAP = 6,
  SIGMA_CLAMP = 7
};
enum { SIGMA_SOFTMAX = 0, SIGMA_SIGMOID = 1 };

/* Exit status of train and of sigma. */
enum {
  SIGMA_EXIT_DONE = 0,
  SIGMA_EXIT_USER_ERROR = 1,
  SIGMA_EXIT_USAGE = 2,
  SIGMA_EXIT_INFEASIBLE = 3,
  SIGMA_EXIT_FAULT = 4,
  SIGMA_EXIT_RETRY = 75
};

/* Folder of the program of a smaller plan, beside train; its devices follow. */
#define SIGMA_FALLBACK "fallback-"

#ifdef __cplusplus
extern "C" {
#endif

typedef void sigma_void;
typedef struct sigma_runtime *sigma_rt;
typedef void *sigma_ptr;
typedef int64_t sigma_i64;
typedef double sigma_f64;
typedef const char *sigma_str;
typedef void (*sigma_step)(sigma_rt, sigma_ptr);
typedef void (*sigma_describe)(sigma_rt);

#define SIGMA_ABI_FUNCTION(result, name, ...) result name(__VA_ARGS__);
#include "abi.def"

#ifdef __cplusplus
}
#endif

#endif
