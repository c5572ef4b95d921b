// Integers that the sums and products of 64-bit figures cannot overflow; only a result has to fit.
#ifndef SIGMA_PLANNER_CHECK_WIDE_H
#define SIGMA_PLANNER_CHECK_WIDE_H

#include <cstdint>
#include <stdexcept>

namespace sigma::planner {

using Wide = __int128;

inline int64_t narrow(Wide value) {
  if (value > (Wide(1) << 62) || value < -(Wide(1) << 62))
    throw std::overflow_error("the cost of this plan does not fit 64 bits");
  return static_cast<int64_t>(value);
}

// The quotient rounded up, for value >= 0.
inline Wide quotient(Wide value, Wide divisor) { return (value + divisor - 1) / divisor; }

// A share in parts per million, rounded down.
inline Wide shareOf(Wide value, int64_t ppm) { return value * ppm / 1000000; }

// What is left of `value` beyond `part`.
inline Wide beyond(Wide value, Wide part) { return value > part ? value - part : 0; }

} // namespace sigma::planner

#endif
