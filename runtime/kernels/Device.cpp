// Chooses the CPU device of this processor and fills in its matrix products.
#include "runtime/kernels/Device.h"
#include "runtime/kernels/CpuLevels.h"
#include "runtime/kernels/LinearAlgebra.h"

#include <cblas.h>
#include <oneapi/dnnl/dnnl.h>

#include <cstring>
#include <stdexcept>
#include <string>

namespace sigma::runtime {
namespace {

void multiply(const Gemm<float> &g) {
  // Its failures are of arguments, which the generated program fixes, and of memory.
  if (dnnl_sgemm(g.transposeA ? 'T' : 'N', g.transposeB ? 'T' : 'N', g.m, g.n, g.k, 1.0f, g.a,
                 g.lda, g.b, g.ldb, g.accumulate ? 1.0f : 0.0f, g.c, g.ldc) != dnnl_success)
    throw std::runtime_error("oneDNN refused a matrix product of " + std::to_string(g.m) + " x " +
                             std::to_string(g.n) + " x " + std::to_string(g.k));
}

void multiply(const Gemm<double> &g) {
  const auto transpose = [](bool yes) { return yes ? CblasTrans : CblasNoTrans; };
  cblas_dgemm(CblasRowMajor, transpose(g.transposeA), transpose(g.transposeB), g.m, g.n, g.k, 1.0,
              g.a, g.lda, g.b, g.ldb, g.accumulate ? 1.0 : 0.0, g.c, g.ldc);
}

template <class T>
void gemm(const Gemm<T> &g) {
  if (g.m <= 0 || g.n <= 0)
    return;
  if (g.k <= 0) { // an empty sum; the libraries refuse the leading dimensions that belong to it
    if (!g.accumulate)
      for (int64_t row = 0; row < g.m; ++row)
        std::memset(g.c + row * g.ldc, 0, g.n * sizeof(T));
    return;
  }
  multiply(g);
}

// Built at first use, so never by code that this processor lacks: a level's table is filled by code
// of that level.
template <Device (*makeTable)()>
const Device *built() {
  static const Device device = [] {
    Device made = makeTable();
    made.f32.gemm = gemm<float>;
    made.f64.gemm = gemm<double>;
    made.begin = restartWithFittingKernels;
    made.prepare = prepareLinearAlgebra;
    return made;
  }();
  return &device;
}

struct Level {
  bool supported;
  const Device *(*device)();
};

#if defined(__x86_64__)
bool hasV3() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("bmi2");
}
bool hasV4() {
  return hasV3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
}
#endif

} // namespace

const Device *programDevice() { return cpuDevice(); }

const Device *cpuDevice(const char *name) {
  static const Level levels[] = {
#if defined(__x86_64__)
      {hasV4(), built<v4::device>},
      {hasV3(), built<v3::device>},
#endif
      {true, built<baseline::device>}};
  for (const Level &level : levels)
    if (level.supported && (!name || std::strcmp(name, level.device()->instructionLevel) == 0))
      return level.device();
  return nullptr;
}

} // namespace sigma::runtime
