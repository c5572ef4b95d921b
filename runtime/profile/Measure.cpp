#include "runtime/profile/Measure.h"
#include "runtime/comm/Collect.h"
#include "runtime/comm/Wait.h"

#include <algorithm>
#include <cmath>
#include <ctime>

namespace sigma::runtime {
namespace {

constexpr double kBatchNs = 2e6;  // long beside a reading of the clock
constexpr double kEnoughNs = 4e7; // of one case
constexpr int64_t kLeastBatches = 5, kMostBatches = 15;

double now(Clock clock) {
  if (clock == Clock::Wall)
    return double(nowNs());
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return double(time.tv_sec) * 1e9 + double(time.tv_nsec);
}

double batchNs(Clock clock, int64_t begin, int64_t calls, const Call &call) {
  const double start = now(clock);
  for (int64_t i = begin; i < begin + calls; ++i)
    call(i);
  return now(clock) - start;
}

Timing summary(sigma_rt rt, std::vector<double> times) {
  std::sort(times.begin(), times.end());
  const std::vector<double> all =
      gatherDoubles(rt, {quantileOf(times, 0.1), quantileOf(times, 0.5), quantileOf(times, 0.9)});
  Timing mean;
  for (size_t i = 0; i < all.size(); i += 3) {
    mean.lowNs += all[i];
    mean.medianNs += all[i + 1];
    mean.highNs += all[i + 2];
  }
  const double ranks = double(all.size()) / 3;
  return {mean.lowNs / ranks, mean.medianNs / ranks, mean.highNs / ranks};
}

} // namespace

double quantileOf(const std::vector<double> &sorted, double q) {
  return sorted[size_t(std::llround(q * double(sorted.size() - 1)))];
}

double relativeDeviation(std::vector<double> &values) {
  constexpr double kQuartiles = 1.349; // of the standard normal distribution are so far apart
  std::sort(values.begin(), values.end());
  return (quantileOf(values, 0.75) - quantileOf(values, 0.25)) / kQuartiles /
         quantileOf(values, 0.5);
}

Clock clockOf(const Call &product) {
  product(0);
  double share = 0; // the most of a time that the processor worked
  for (int64_t i = 0; i < 200; ++i) {
    const double begin = now(Clock::Wall);
    share = std::max(share, batchNs(Clock::Processor, i, 1, product) / (now(Clock::Wall) - begin));
  }
  return share > 0.8 ? Clock::Processor : Clock::Wall;
}

Timing timeOfCall(sigma_rt rt, Clock clock, const Call &call) {
  batchNs(clock, 0, 1, call); // tables, code, pages
  const double one = std::max(1.0, batchNs(clock, 1, 1, call));
  const int64_t calls = largestOf(rt, std::max<int64_t>(1, int64_t(kBatchNs / one)));
  const int64_t batches =
      largestOf(rt, std::clamp<int64_t>(int64_t(kEnoughNs / (one * double(calls))), kLeastBatches,
                                        kMostBatches));
  std::vector<double> times;
  for (int64_t batch = 0; batch < batches; ++batch)
    times.push_back(batchNs(clock, 2 + batch * calls, calls, call) / double(calls));
  return summary(rt, times);
}

std::vector<double> timesOfCalls(int64_t count, const Call &call) {
  std::vector<double> times;
  for (int64_t i = 0; i < count; ++i)
    times.push_back(batchNs(Clock::Wall, i, 1, call));
  return times;
}

Timing timeOfExchange(sigma_rt rt, int64_t calls, const Call &call) {
  batchNs(Clock::Wall, 0, 2, call); // connections
  largestOf(rt, 0);                 // all begin here
  return summary(rt, timesOfCalls(calls, call));
}

} // namespace sigma::runtime
