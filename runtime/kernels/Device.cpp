// Chooses the CPU device of this processor and fills in its matrix products.
#include "runtime/kernels/Device.h"
#include "runtime/kernels/CpuLevels.h"
#include "runtime/kernels/LinearAlgebra.h"

#include <cstring>

namespace sigma::runtime {
namespace {

template <class T, void (*multiply)(const Gemm<T> &)>
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
template <Device (*makeTable)(), void (*multiply)(const Gemm<float> &)>
const Device *built() {
  static const Device device = [] {
    Device made = makeTable();
    made.f32.gemm = gemm<float, multiply>;
    made.f64.gemm = gemm<double, multiplyByOpenBlas>;
    made.begin = restartInFittingEnvironment;
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
      {hasV4(), built<v4::device, multiplyByOneDnn>},
      {hasV3(), built<v3::device, multiplyByEither>},
#endif
      {true, built<baseline::device, multiplyByEither>}};
  for (const Level &level : levels)
    if (level.supported && (!name || std::strcmp(name, level.device()->instructionLevel) == 0))
      return level.device();
  return nullptr;
}

} // namespace sigma::runtime
