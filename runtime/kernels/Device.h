// A device is a table of functions. The ABI functions in kernels/*.cpp compute only through it, so
// that an accelerator is one new table (docs/devices.md). The embedded CPU device is built several
// times, once per instruction set level, and the best one that this processor has is chosen at
// start.
#ifndef SIGMA_RUNTIME_KERNELS_DEVICE_H
#define SIGMA_RUNTIME_KERNELS_DEVICE_H

#include "runtime/abi/abi.h"
#include "runtime/kernels/BFloat16.h"

#include <cstdint>
#include <stdexcept>
#include <string>

namespace sigma::runtime {

/// The code of an element type.
template <class T>
constexpr int64_t elemOf() {
  return sizeof(T) == sizeof(double)  ? SIGMA_F64
         : sizeof(T) == sizeof(float) ? SIGMA_F32
                                      : SIGMA_BF16;
}

constexpr int64_t elemBytes(int64_t elem) {
  return elem == SIGMA_F64 ? 8 : elem == SIGMA_F32 ? 4 : 2;
}

/// The code of Wide<T>.
constexpr int64_t wideElem(int64_t elem) { return elem == SIGMA_BF16 ? int64_t(SIGMA_F32) : elem; }

constexpr const char *elemName(int64_t elem) {
  return elem == SIGMA_F64 ? "f64" : elem == SIGMA_F32 ? "f32" : "bf16";
}

/// Calls f with a value of the element type of `elem`.
template <class F>
void withElem(int64_t elem, F &&f) {
  if (elem == SIGMA_F64)
    f(double());
  else if (elem == SIGMA_F32)
    f(float());
  else
    f(BFloat16());
}

/// The same where only types that are computed in are stored.
template <class F>
void withWideElem(int64_t elem, F &&f) {
  if (elem == SIGMA_F64)
    f(double());
  else if (elem == SIGMA_F32)
    f(float());
  else
    throw std::logic_error("these elements are f32 in bf16, too");
}

/// An operand of a matrix product: row-major memory whose rows are `stride` elements apart.
struct Matrix {
  const void *data;
  int64_t elem, stride;
  bool transpose;
};

template <class T>
Matrix matrixOf(const T *data, int64_t stride, bool transpose = false) {
  return {data, elemOf<T>(), stride, transpose};
}

/// One matrix product: c[m,n] (+)= op(a)[m,k] op(b)[k,n]. In f32 and f64 all elements are of that
/// type; otherwise each of a, b and c is f32 or bf16, sums are f32, and c is rounded once.
struct Gemm {
  Matrix a, b;
  void *c;
  int64_t elem, stride; // of c
  int64_t m, n, k;
  bool accumulate;
};

/// Rows of attention scores of one head. Row r sees the columns from firstSeen[r] up to and with
/// lastOfFirstRow + r, or the last there is; the others are set to zero.
template <class T>
struct ScoreBlock {
  T *scores;
  int64_t columns;
  int64_t rows;
  const int64_t *firstSeen;
  int64_t lastOfFirstRow;
  double scale;
  T *lse;
  int64_t lseStride;
  bool hasSink; // one more logit of every row
  T sink;
};

/// The coefficients of one AdamW update.
struct AdamWStep {
  double learningRate, beta1, beta2, epsilon, weightDecay, clip;
  double correction1, correction2; // 1 - beta^t
};

/// Element-wise work on one element type; what is computed on the way is wide. No function here has
/// control flow that depends on timing, so equal inputs give equal bits.
template <class T>
struct StoredKernels {
  using W = Wide<T>;

  void (*fill)(T *out, int64_t n, double value);
  void (*add)(const T *a, const T *b, T *out, int64_t n);
  void (*scale)(const T *x, W factor, T *out, int64_t n);
  /// sum += x
  void (*accumulate)(const T *x, W *sum, int64_t n);
  /// sum += factor * x
  void (*axpy)(const T *x, W factor, W *sum, int64_t n);
  W (*dot)(const T *a, const T *b, int64_t n);
  /// Both may begin at the same place.
  void (*narrow)(const W *x, T *y, int64_t n);
  void (*widen)(const T *x, W *y, int64_t n);

  void (*rmsNorm)(const T *x, const T *weight, T *y, W *rstd, int64_t rows, int64_t width,
                  double epsilon);
  /// dweight is added to.
  void (*rmsNormGrad)(const T *x, const T *weight, const W *rstd, const T *dy, T *dx, W *dweight,
                      int64_t rows, int64_t width);
  void (*center)(const T *x, T *y, int64_t rows, int64_t width);
  /// `up` may be null, and `dup` with it; SIGMA_SILU … of abi.h.
  void (*activation)(int64_t kind, const T *gate, const T *up, T *y, int64_t n, double limit);
  void (*activationGrad)(int64_t kind, const T *gate, const T *up, const T *dy, T *dgate, T *dup,
                         int64_t n, double limit);
  /// One head of one token; cosine and sine have half entries.
  void (*rotate)(const T *x, T *y, const W *cosine, const W *sine, int64_t half);

  /// Log-sum-exp of every row.
  void (*logSumExp)(const T *x, W *lse, int64_t rows, int64_t width);
  /// out = factor * (exp(x - lse) - onehot(target - first)); zero where the target is negative. A
  /// target that is none of the `width` columns from `first` on has no place in them.
  void (*crossEntropyGrad)(const T *logits, const int32_t *targets, const W *lse, W factor, T *out,
                           int64_t rows, int64_t width, int64_t first);
};

/// With that on scores and states, which are wide.
template <class T>
struct Kernels : StoredKernels<T> {
  double (*squareSum)(const T *x, int64_t n);

  /// scores -> probabilities, and their log-sum-exp.
  void (*causalSoftmax)(const ScoreBlock<T> &);
  /// scores -> probabilities by a known log-sum-exp.
  void (*causalProbabilities)(const ScoreBlock<T> &);
  /// gradient of probabilities (in place: of scores); delta[r] = dot(dO_r, O_r).
  void (*causalScoreGrad)(const ScoreBlock<T> &, const T *probabilities, const T *delta);

  void (*softmax)(const T *x, T *y, int64_t rows, int64_t width);
  void (*softmaxGrad)(const T *y, const T *dy, T *dx, int64_t rows, int64_t width);
  void (*sigmoid)(const T *x, T *y, int64_t n);
  void (*sigmoidGrad)(const T *y, const T *dy, T *dx, int64_t n);

  void (*adamw)(T *value, const T *gradient, T *first, T *second, int64_t n, const AdamWStep &step);
};
template <>
struct Kernels<BFloat16> : StoredKernels<BFloat16> {};

struct Device {
  const char *name;             // "cpu"
  const char *instructionLevel; // "x86-64-v4", ..., "baseline"
  /// Called first, by a program of element type `elem` whose ranks have so many threads; may start
  /// it once more, with argv.
  void (*begin)(int64_t elem, int64_t threads, char *const *argv);
  /// Readies what multiplies matrices of element type `elem` in one rank, by so many threads, and
  /// names it. Throws UserError where the rank has not so many.
  std::string (*prepare)(int64_t elem, int64_t threads);
  void (*gemm)(const Gemm &);
  Kernels<float> f32;
  Kernels<double> f64;
  Kernels<BFloat16> bf16;

  template <class T>
  const Kernels<T> &kernels() const {
    if constexpr (elemOf<T>() == SIGMA_F32)
      return f32;
    else if constexpr (elemOf<T>() == SIGMA_F64)
      return f64;
    else
      return bf16;
  }
};

/// The device of this program. The runtime's own is the best CPU device, in a file of its library
/// that is linked only where no object of the program defines another.
const Device *programDevice();

/// The best CPU device of this processor; `level` names an instruction level instead (tests), null
/// if it is unknown or this processor lacks it.
const Device *cpuDevice(const char *level = nullptr);

} // namespace sigma::runtime

#endif
