// Chooses the CPU device of this processor and fills in its matrix products.
#include "runtime/kernels/Device.h"
#include "runtime/kernels/Bf16Products.h"
#include "runtime/kernels/CpuLevels.h"
#include "runtime/kernels/LinearAlgebra.h"

#include <cstring>

namespace sigma::runtime {
namespace {

template <class T>
Product<T> productOf(const Gemm &g) {
  return {static_cast<const T *>(g.a.data),
          g.a.stride,
          g.a.transpose,
          static_cast<const T *>(g.b.data),
          g.b.stride,
          g.b.transpose,
          static_cast<T *>(g.c),
          g.stride,
          g.m,
          g.n,
          g.k,
          g.accumulate};
}

void clear(const Gemm &g) {
  const int64_t bytes = elemBytes(g.elem);
  for (int64_t row = 0; row < g.m; ++row)
    std::memset(static_cast<char *>(g.c) + row * g.stride * bytes, 0, g.n * bytes);
}

template <void (*multiply)(const Product<float> &)>
void gemm(const Gemm &g) {
  if (g.m <= 0 || g.n <= 0)
    return;
  if (g.k <= 0) { // an empty sum; the libraries refuse the leading dimensions that belong to it
    if (!g.accumulate)
      clear(g);
    return;
  }
  const auto areAll = [&](int64_t elem) {
    return g.a.elem == elem && g.b.elem == elem && g.elem == elem;
  };
  if (areAll(SIGMA_F64))
    multiplyByOpenBlas(productOf<double>(g));
  else if (areAll(SIGMA_F32))
    multiply(productOf<float>(g));
  else
    multiplyBf16(g);
}

// Built at first use, so never by code that this processor lacks: a level's table is filled by code
// of that level.
template <Device (*makeTable)(), void (*multiply)(const Product<float> &)>
const Device *built() {
  static const Device device = [] {
    Device made = makeTable();
    made.gemm = gemm<multiply>;
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
