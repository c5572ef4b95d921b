// A second device, for tests: each function of the table in the plainest loops, after its
// description in Device.h and abi.def. It shares no code with the CPU device and needs no library.
#include "runtime/health/Fault.h"
#include "runtime/kernels/Device.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace sigma::runtime {
namespace {

double elementOf(const Matrix &matrix, int64_t row, int64_t column) {
  const int64_t at = matrix.transpose ? column * matrix.stride + row : row * matrix.stride + column;
  double value = 0;
  withElem(matrix.elem, [&](auto zero) {
    value = widened(static_cast<const decltype(zero) *>(matrix.data)[at]);
  });
  return value;
}

void gemm(const Gemm &g) {
  withElem(g.elem, [&](auto zero) {
    using T = decltype(zero);
    using W = Wide<T>;
    for (int64_t i = 0; i < g.m; ++i)
      for (int64_t j = 0; j < g.n; ++j) {
        W sum = 0;
        for (int64_t l = 0; l < g.k; ++l)
          sum += W(elementOf(g.a, i, l)) * W(elementOf(g.b, l, j));
        T &out = static_cast<T *>(g.c)[i * g.stride + j];
        out = narrowed<T>(g.accumulate ? widened(out) + sum : sum);
      }
  });
}

template <class T>
void fill(T *out, int64_t n, double value) {
  std::fill(out, out + n, narrowed<T>(Wide<T>(value)));
}

template <class T>
void add(const T *a, const T *b, T *out, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    out[i] = narrowed<T>(widened(a[i]) + widened(b[i]));
}

template <class T>
void scale(const T *x, Wide<T> factor, T *out, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    out[i] = narrowed<T>(widened(x[i]) * factor);
}

template <class T>
void axpy(const T *x, Wide<T> factor, Wide<T> *sum, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    sum[i] += widened(x[i]) * factor;
}

template <class T>
void accumulate(const T *x, Wide<T> *sum, int64_t n) {
  axpy(x, Wide<T>(1), sum, n);
}

template <class T>
Wide<T> dot(const T *a, const T *b, int64_t n) {
  Wide<T> sum = 0;
  for (int64_t i = 0; i < n; ++i)
    sum += widened(a[i]) * widened(b[i]);
  return sum;
}

template <class T>
void narrow(const Wide<T> *x, T *y, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    y[i] = narrowed<T>(x[i]);
}

template <class T>
void widen(const T *x, Wide<T> *y, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    y[i] = widened(x[i]);
}

template <class T>
double squareSum(const T *x, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i)
    sum += double(x[i]) * double(x[i]);
  return sum;
}

// ---- Rows

template <class T>
void rmsNorm(const T *x, const T *weight, T *y, Wide<T> *rstd, int64_t rows, int64_t width,
             double epsilon) {
  for (int64_t r = 0; r < rows; ++r, x += width, y += width) {
    rstd[r] = Wide<T>(1 / std::sqrt(double(dot(x, x, width)) / double(width) + epsilon));
    for (int64_t i = 0; i < width; ++i)
      y[i] = narrowed<T>(widened(x[i]) * rstd[r] * widened(weight[i]));
  }
}

template <class T>
void rmsNormGrad(const T *x, const T *weight, const Wide<T> *rstd, const T *dy, T *dx,
                 Wide<T> *dweight, int64_t rows, int64_t width) {
  for (int64_t r = 0; r < rows; ++r, x += width, dy += width, dx += width) {
    Wide<T> projected = 0;
    for (int64_t i = 0; i < width; ++i) {
      const Wide<T> d = widened(dy[i]) * widened(x[i]) * rstd[r];
      projected += d * widened(weight[i]);
      dweight[i] += d;
    }
    for (int64_t i = 0; i < width; ++i)
      dx[i] = narrowed<T>(rstd[r] * (widened(dy[i]) * widened(weight[i]) -
                                     widened(x[i]) * rstd[r] * projected / Wide<T>(width)));
  }
}

template <class T>
void center(const T *x, T *y, int64_t rows, int64_t width) {
  for (int64_t r = 0; r < rows; ++r, x += width, y += width) {
    Wide<T> sum = 0;
    for (int64_t i = 0; i < width; ++i)
      sum += widened(x[i]);
    for (int64_t i = 0; i < width; ++i)
      y[i] = narrowed<T>(widened(x[i]) - sum / Wide<T>(width));
  }
}

template <class T>
void rotate(const T *x, T *y, const Wide<T> *cosine, const Wide<T> *sine, int64_t half) {
  for (int64_t i = 0; i < half; ++i) {
    const Wide<T> a = widened(x[i]), b = widened(x[half + i]);
    y[i] = narrowed<T>(a * cosine[i] - b * sine[i]);
    y[half + i] = narrowed<T>(b * cosine[i] + a * sine[i]);
  }
}

template <class T>
Wide<T> logSumExpOf(const T *x, int64_t n) {
  Wide<T> top = widened(x[0]), sum = 0;
  for (int64_t i = 1; i < n; ++i)
    top = std::max(top, widened(x[i]));
  for (int64_t i = 0; i < n; ++i)
    sum += std::exp(widened(x[i]) - top);
  return top + std::log(sum);
}

template <class T>
void logSumExp(const T *x, Wide<T> *lse, int64_t rows, int64_t width) {
  for (int64_t r = 0; r < rows; ++r)
    lse[r] = logSumExpOf(x + r * width, width);
}

template <class T>
void softmax(const T *x, T *y, int64_t rows, int64_t width) {
  for (int64_t r = 0; r < rows; ++r, x += width, y += width) {
    const T lse = logSumExpOf(x, width);
    for (int64_t i = 0; i < width; ++i)
      y[i] = std::exp(x[i] - lse);
  }
}

template <class T>
void softmaxGrad(const T *y, const T *dy, T *dx, int64_t rows, int64_t width) {
  for (int64_t r = 0; r < rows; ++r, y += width, dy += width, dx += width) {
    const T projected = dot(y, dy, width);
    for (int64_t i = 0; i < width; ++i)
      dx[i] = y[i] * (dy[i] - projected);
  }
}

template <class T>
void crossEntropyGrad(const T *logits, const int32_t *targets, const Wide<T> *lse, Wide<T> factor,
                      T *out, int64_t rows, int64_t width, int64_t first) {
  for (int64_t r = 0; r < rows; ++r, logits += width, out += width)
    for (int64_t i = 0; i < width; ++i) {
      const Wide<T> p = std::exp(widened(logits[i]) - lse[r]);
      out[i] = narrowed<T>(targets[r] < 0 ? 0 : factor * (p - Wide<T>(targets[r] - first == i)));
    }
}

// ---- Functions of one number

template <class T>
T logistic(T x) {
  return 1 / (1 + std::exp(-x));
}

template <class T>
void sigmoid(const T *x, T *y, int64_t n) {
  std::transform(x, x + n, y, logistic<T>);
}

template <class T>
void sigmoidGrad(const T *y, const T *dy, T *dx, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    dx[i] = dy[i] * y[i] * (1 - y[i]);
}

struct Point {
  double value, slope;
};

Point clampAt(double x, double limit) {
  return {std::min(std::max(x, -limit), limit), std::fabs(x) < limit ? 1.0 : 0.0};
}

Point gateAt(int64_t kind, double x, double limit) {
  switch (kind) {
  case SIGMA_SILU: {
    const double s = logistic(x);
    return {x * s, s + x * s * (1 - s)};
  }
  case SIGMA_GELU: {
    const double phi = std::erfc(-x / std::sqrt(2.0)) / 2;
    return {x * phi, phi + x * std::exp(-x * x / 2) / std::sqrt(2 * M_PI)};
  }
  case SIGMA_GELU_TANH: {
    const double factor = std::sqrt(2 / M_PI), t = std::tanh(factor * (x + 0.044715 * x * x * x));
    return {x / 2 * (1 + t),
            (1 + t) / 2 + x / 2 * (1 - t * t) * factor * (1 + 3 * 0.044715 * x * x)};
  }
  case SIGMA_RELU:
    return {std::max(x, 0.0), x > 0 ? 1.0 : 0.0};
  case SIGMA_RELU_SQUARED:
    return {x > 0 ? x * x : 0, x > 0 ? 2 * x : 0};
  case SIGMA_CLAMPED_SILU: {
    const double g = std::min(x, limit), s = logistic(1.702 * g);
    return {g * s, x < limit ? s + 1.702 * g * s * (1 - s) : 0};
  }
  case SIGMA_TANH_CAP: {
    const double t = std::tanh(x / limit);
    return {limit * t, 1 - t * t};
  }
  default:
    return clampAt(x, limit);
  }
}

Point upAt(int64_t kind, double up, double limit) {
  if (kind != SIGMA_CLAMPED_SILU)
    return {up, 1};
  const Point clamped = clampAt(up, limit);
  return {clamped.value + 1, clamped.slope};
}

template <class T>
void activation(int64_t kind, const T *gate, const T *up, T *y, int64_t n, double limit) {
  for (int64_t i = 0; i < n; ++i) {
    const double factor = up ? upAt(kind, widened(up[i]), limit).value : 1;
    y[i] = narrowed<T>(Wide<T>(gateAt(kind, widened(gate[i]), limit).value * factor));
  }
}

template <class T>
void activationGrad(int64_t kind, const T *gate, const T *up, const T *dy, T *dgate, T *dup,
                    int64_t n, double limit) {
  for (int64_t i = 0; i < n; ++i) {
    const Point f = gateAt(kind, widened(gate[i]), limit),
                u = up ? upAt(kind, widened(up[i]), limit) : Point{1, 0};
    const double d = widened(dy[i]);
    dgate[i] = narrowed<T>(Wide<T>(d * f.slope * u.value));
    if (up)
      dup[i] = narrowed<T>(Wide<T>(d * f.value * u.slope));
  }
}

// ---- Attention

/// f(row, column, score) for all scores of the block; those that the row does not see become zero.
template <class T, class F>
void eachScore(const ScoreBlock<T> &block, F f) {
  for (int64_t r = 0; r < block.rows; ++r)
    for (int64_t c = 0; c < block.columns; ++c) {
      T &score = block.scores[r * block.columns + c];
      const bool isSeen = c >= block.firstSeen[r] && c <= block.lastOfFirstRow + r;
      score = isSeen ? f(r, c, score) : T(0);
    }
}

template <class T>
void causalProbabilities(const ScoreBlock<T> &block) {
  eachScore(block, [&](int64_t r, int64_t, T score) {
    return std::exp(score * T(block.scale) - block.lse[r * block.lseStride]);
  });
}

template <class T>
void causalSoftmax(const ScoreBlock<T> &block) {
  for (int64_t r = 0; r < block.rows; ++r) {
    std::vector<T> logits;
    const int64_t end = std::min(block.columns, block.lastOfFirstRow + r + 1);
    for (int64_t c = block.firstSeen[r]; c < end; ++c)
      logits.push_back(block.scores[r * block.columns + c] * T(block.scale));
    if (block.hasSink)
      logits.push_back(block.sink);
    block.lse[r * block.lseStride] = logSumExpOf(logits.data(), int64_t(logits.size()));
  }
  causalProbabilities(block);
}

template <class T>
void causalScoreGrad(const ScoreBlock<T> &block, const T *probabilities, const T *delta) {
  eachScore(block, [&](int64_t r, int64_t c, T d) {
    return probabilities[r * block.columns + c] * (d - delta[r]) * T(block.scale);
  });
}

// ---- The update

template <class T>
void adamw(T *value, const T *gradient, T *first, T *second, int64_t n, const AdamWStep &s) {
  for (int64_t i = 0; i < n; ++i) {
    const double g = double(gradient[i]) * s.clip;
    first[i] = T(s.beta1 * double(first[i]) + (1 - s.beta1) * g);
    second[i] = T(s.beta2 * double(second[i]) + (1 - s.beta2) * g * g);
    const double m = double(first[i]) / s.correction1, v = double(second[i]) / s.correction2;
    value[i] = T(double(value[i]) * (1 - s.learningRate * s.weightDecay) -
                 s.learningRate * m / (std::sqrt(v) + s.epsilon));
  }
}

template <class T>
void setStored(StoredKernels<T> &k) {
  k.fill = fill<T>;
  k.add = add<T>;
  k.scale = scale<T>;
  k.accumulate = accumulate<T>;
  k.axpy = axpy<T>;
  k.dot = dot<T>;
  k.narrow = narrow<T>;
  k.widen = widen<T>;
  k.rmsNorm = rmsNorm<T>;
  k.rmsNormGrad = rmsNormGrad<T>;
  k.center = center<T>;
  k.activation = activation<T>;
  k.activationGrad = activationGrad<T>;
  k.rotate = rotate<T>;
  k.logSumExp = logSumExp<T>;
  k.crossEntropyGrad = crossEntropyGrad<T>;
}

template <class T>
void setWide(Kernels<T> &k) {
  setStored<T>(k);
  k.squareSum = squareSum<T>;
  k.causalSoftmax = causalSoftmax<T>;
  k.causalProbabilities = causalProbabilities<T>;
  k.causalScoreGrad = causalScoreGrad<T>;
  k.softmax = softmax<T>;
  k.softmaxGrad = softmaxGrad<T>;
  k.sigmoid = sigmoid<T>;
  k.sigmoidGrad = sigmoidGrad<T>;
  k.adamw = adamw<T>;
}

} // namespace

const Device *programDevice() {
  static const Device device = [] {
    Device d = {};
    d.name = "naive";
    d.instructionLevel = "none";
    d.begin = [](int64_t, int64_t, char *const *) {};
    d.prepare = [](int64_t, int64_t threads) {
      if (threads > 1)
        throw UserError("--threads: plain loops have one");
      return std::string("loops");
    };
    d.gemm = gemm;
    setWide(d.f32);
    setWide(d.f64);
    setStored<BFloat16>(d.bf16);
    return d;
  }();
  return &device;
}

} // namespace sigma::runtime
