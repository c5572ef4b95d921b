// The instruction levels for which the CPU device is built. Each is one translation unit around
// Elementwise.inc; the gemm entries are filled in by Device.cpp.
#ifndef SIGMA_RUNTIME_KERNELS_CPULEVELS_H
#define SIGMA_RUNTIME_KERNELS_CPULEVELS_H

#include "runtime/kernels/Device.h"

namespace sigma::runtime {
namespace baseline {
Device device();
} // namespace baseline
#if defined(__x86_64__)
namespace v3 {
Device device();
} // namespace v3
namespace v4 {
Device device();
} // namespace v4
#endif
} // namespace sigma::runtime

#endif
