// Philox4x32-10 (Salmon et al., SC 2011): random numbers as a pure function of a key and a counter,
// so that values depend on what they are for and never on who computes them, or in which order.
#ifndef SIGMA_RUNTIME_DATA_PHILOX_H
#define SIGMA_RUNTIME_DATA_PHILOX_H

#include <array>
#include <cstdint>
#include <string_view>

namespace sigma::runtime {

using PhiloxCounter = std::array<uint32_t, 4>;
using PhiloxKey = std::array<uint32_t, 2>;

PhiloxCounter philox(PhiloxCounter counter, PhiloxKey key);

/// A key for one purpose of one seed.
PhiloxKey philoxKey(uint64_t seed, std::string_view purpose);

/// FNV-1a, 64 bits.
uint64_t fnv1a(std::string_view text);

} // namespace sigma::runtime

#endif
