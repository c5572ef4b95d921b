// How much memory this process has, as the kernel counts it.
#ifndef SIGMA_RUNTIME_RESIDENTMEMORY_H
#define SIGMA_RUNTIME_RESIDENTMEMORY_H

#include <cstdint>

namespace sigma::runtime {

int64_t residentBytes();
/// The most that it has had so far.
int64_t peakResidentBytes();

} // namespace sigma::runtime

#endif
