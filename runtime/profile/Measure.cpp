#include "runtime/profile/Measure.h"
#include "runtime/comm/Collect.h"
#include "runtime/comm/Wait.h"

#include <algorithm>
#include <cmath>
#include <ctime>

namespace sigma::runtime {
namespace {

constexpr double kBatchNs = 1e6;  // long beside a reading of the clock
constexpr double kEnoughNs = 2e7; // of one case
constexpr int64_t kLeastBatches = 5, kMostBatches = 15;
constexpr int64_t kLongBytes = 1 << 18; // shorter exchanges are timed more of at once

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

/// Sorts.
Timing quantilesOf(std::vector<double> &times) {
  std::sort(times.begin(), times.end());
  return {quantileOf(times, 0.1), quantileOf(times, 0.5), quantileOf(times, 0.9)};
}

/// What some calls in a row took by both clocks, each of them.
struct Batch {
  double wallNs, processorNs;
};

Batch timeOfBatch(int64_t begin, int64_t calls, const Call &call) {
  const double wall = now(Clock::Wall), processor = now(Clock::Processor);
  for (int64_t i = begin; i < begin + calls; ++i)
    call(i);
  const double count = double(calls);
  return {(now(Clock::Wall) - wall) / count, (now(Clock::Processor) - processor) / count};
}

/// Times of batches, the mean of all ranks.
struct Batches {
  std::vector<double> all, undisturbed;

  /// Collective.
  void add(sigma_rt rt, const Batch &mine) {
    constexpr double kOwn = 0.95; // of a time, the processor's part that is an undisturbed one's
    const List<double> each = gatherDoubles(rt, {mine.wallNs, mine.processorNs});
    double sum = 0;
    bool isUndisturbed = true;
    for (size_t i = 0; i < each.size(); i += 2) {
      sum += each[i];
      isUndisturbed = isUndisturbed && each[i + 1] > kOwn * each[i];
    }
    all.push_back(2 * sum / double(each.size()));
    if (isUndisturbed)
      undisturbed.push_back(all.back());
  }
};

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
  constexpr double kLeast = 0.8, kMost = 1.25; // more is the tick of a coarse clock
  product(0);
  double share = 0; // the most of a time that the processor worked
  for (int64_t i = 0; i < 200; ++i) {
    const double begin = now(Clock::Wall);
    share = std::max(share, batchNs(Clock::Processor, i, 1, product) / (now(Clock::Wall) - begin));
  }
  return share > kLeast && share < kMost ? Clock::Processor : Clock::Wall;
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
  const Timing mine = quantilesOf(times);
  const List<double> all = gatherDoubles(rt, {mine.lowNs, mine.medianNs, mine.highNs});
  double sums[3] = {0, 0, 0};
  for (size_t i = 0; i < all.size(); ++i)
    sums[i % 3] += all[i];
  const double ranks = double(all.size()) / 3;
  return {sums[0] / ranks, sums[1] / ranks, sums[2] / ranks};
}

std::vector<double> timesOfCalls(Clock clock, int64_t count, const Call &call) {
  std::vector<double> times;
  for (int64_t i = 0; i < count; ++i)
    times.push_back(batchNs(clock, i, 1, call));
  return times;
}

ExchangeTiming timeOfExchange(sigma_rt rt, int64_t bytes, const Patience &patience,
                              const Call &call) {
  const int64_t calls = bytes > kLongBytes ? 2 : 8;
  batchNs(Clock::Wall, 0, 2, call); // connections
  Batches batches;
  const int64_t start = largestOf(rt, nowNs());
  int64_t tookNs = 0;
  for (int64_t round = 0; int64_t(batches.undisturbed.size()) < patience.batches; ++round) {
    if (round >= patience.batches) // all ranks agree on when it has been too long
      tookNs = largestOf(rt, nowNs()) - start;
    if (tookNs > patience.longestNs)
      break;
    batches.add(rt, timeOfBatch(2 + round * calls, calls, call));
  }
  const bool isQuiet = int64_t(batches.undisturbed.size()) >= kLeastBatches;
  std::vector<double> &times = isQuiet ? batches.undisturbed : batches.all;
  const Timing time = quantilesOf(times);
  return {time, relativeDeviation(times),
          1 - double(batches.undisturbed.size()) / double(batches.all.size())};
}

} // namespace sigma::runtime
