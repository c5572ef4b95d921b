// Integer arithmetic that never overflows. Costs are sums and products of user-given sizes: 65,536
// devices times 10T parameters must saturate rather than wrap, so that "too large" can be reported
// and never becomes a cheap plan.
#ifndef SIGMA_PLANNER_COST_ARITHMETIC_H
#define SIGMA_PLANNER_COST_ARITHMETIC_H

#include <cstdint>
#include <stdexcept>

namespace sigma::planner {

// Thrown and caught inside the library only: a figure that no plan can be made from.
struct PlanningError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

using Int128 = __int128;

// Far above every meaningful time (36 years in ns) or size (1 EiB), and two of them still add up
// in 64 bits.
inline constexpr int64_t kSaturated = int64_t(1) << 60;

inline int64_t saturate(Int128 value) {
  if (value > kSaturated)
    return kSaturated;
  return value < -kSaturated ? -kSaturated : static_cast<int64_t>(value);
}

inline int64_t saturate(int64_t value) {
  return value > kSaturated ? kSaturated : value < -kSaturated ? -kSaturated : value;
}

inline int64_t addSat(int64_t a, int64_t b) {
  int64_t sum;
  if (__builtin_add_overflow(a, b, &sum))
    return a > 0 ? kSaturated : -kSaturated;
  return saturate(sum);
}

inline int64_t mulSat(int64_t a, int64_t b) {
  int64_t product;
  if (__builtin_mul_overflow(a, b, &product))
    return (a > 0) == (b > 0) ? kSaturated : -kSaturated;
  return saturate(product);
}
inline void addTimes(int64_t &sum, int64_t times, int64_t value) {
  sum = addSat(sum, mulSat(times, value));
}

// ceil(a / b) for a >= 0, b > 0.
inline int64_t ceilDiv(Int128 a, Int128 b) {
  if (a <= kSaturated && b <= kSaturated) // nearly always; a division of 128 bits is a long call
    return (int64_t(a) + int64_t(b) - 1) / int64_t(b);
  return saturate((a + b - 1) / b);
}

// ceil(a * b / c) for non-negative a, b and positive c.
inline int64_t mulDivCeil(int64_t a, int64_t b, int64_t c) { return ceilDiv(Int128(a) * b, c); }

} // namespace sigma::planner

#endif
