// Chooses the CPU device of this processor and fills in its linear algebra (OpenBLAS).
#include "runtime/kernels/Device.h"
#include "runtime/kernels/CpuLevels.h"

#include <cblas.h>

#include <cstring>

namespace sigma::runtime {
namespace {

void callBlas(const Gemm<float> &g, CBLAS_TRANSPOSE a, CBLAS_TRANSPOSE b, float beta) {
  cblas_sgemm(CblasRowMajor, a, b, g.m, g.n, g.k, 1.0f, g.a, g.lda, g.b, g.ldb, beta, g.c, g.ldc);
}

void callBlas(const Gemm<double> &g, CBLAS_TRANSPOSE a, CBLAS_TRANSPOSE b, double beta) {
  cblas_dgemm(CblasRowMajor, a, b, g.m, g.n, g.k, 1.0, g.a, g.lda, g.b, g.ldb, beta, g.c, g.ldc);
}

template <class T>
void gemm(const Gemm<T> &g) {
  if (g.m <= 0 || g.n <= 0)
    return;
  if (g.k <= 0) { // an empty sum; BLAS refuses the leading dimensions that belong to it
    if (!g.accumulate)
      for (int64_t row = 0; row < g.m; ++row)
        std::memset(g.c + row * g.ldc, 0, g.n * sizeof(T));
    return;
  }
  callBlas(g, g.transposeA ? CblasTrans : CblasNoTrans, g.transposeB ? CblasTrans : CblasNoTrans,
           g.accumulate ? T(1) : T(0));
}

struct Level {
  Device device;
  bool supported;
};

Level level(Device device, bool supported) {
  device.f32.gemm = gemm<float>;
  device.f64.gemm = gemm<double>;
  return {device, supported};
}

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

const Device *cpuDevice(const char *name) {
  static const Level levels[] = {
#if defined(__x86_64__)
    level(v4::device(), hasV4()),
    level(v3::device(), hasV3()),
#endif
    level(baseline::device(), true)
  };
  for (const Level &candidate : levels)
    if (candidate.supported && (!name || std::strcmp(name, candidate.device.instructionLevel) == 0))
      return &candidate.device;
  return nullptr;
}

} // namespace sigma::runtime
