// How often something is done until its time is known.
#ifndef SIGMA_RUNTIME_PROFILE_MEASURE_H
#define SIGMA_RUNTIME_PROFILE_MEASURE_H

#include "runtime/abi/abi.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace sigma::runtime {

/// Nanoseconds of one call: the 10th, 50th and 90th of a hundred, the mean of all ranks.
struct Timing {
  double lowNs = 0, medianNs = 0, highNs = 0;
};

enum class Clock {
  Wall,
  Processor, // does not go on while others have the processor
};

/// One call; its argument counts them, so that each can have other memory.
using Call = std::function<void(int64_t)>;

/// The clock that tells how long the device computes: the processor's, where a product takes as
/// much of it as of the wall's, no less and, by its ticks, no more. A short one does, however many
/// others want the processor.
Clock clockOf(const Call &product);

/// Of work that each rank does for itself; all begin together, as in training. Short calls are
/// timed many at once.
Timing timeOfCall(sigma_rt rt, Clock clock, const Call &call);

/// How many undisturbed times are enough, and for how long to wait for them.
struct Patience {
  int64_t batches, longestNs;
};
constexpr Patience kUsualPatience{25, 3'000'000'000}, kLittlePatience{5, 300'000'000};

/// Of what all ranks do together, by wall clock. Counted are times in which every rank had its
/// processor, for whom one waits on a shared machine is chance; where too few of them come, all.
struct ExchangeTiming {
  Timing time;
  double deviation; // relative, as below
  double disturbed; // share of the times in which a rank lost its processor
};
ExchangeTiming timeOfExchange(sigma_rt rt, int64_t bytes, const Patience &patience,
                              const Call &call);

/// The times of `count` calls of this rank, one by one.
std::vector<double> timesOfCalls(Clock clock, int64_t count, const Call &call);

/// The standard deviation of a normal distribution with the quartiles of the values, over its mean:
/// rare long delays are no part of it. Sorts.
double relativeDeviation(std::vector<double> &values);

/// The quantile q of what is sorted.
double quantileOf(const std::vector<double> &sorted, double q);

} // namespace sigma::runtime

#endif
