#include "planner/simulate/Simulate.h"

#include "planner/simulate/Step.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <thread>

using namespace sigma::planner;

namespace {

constexpr double kStandardErrors95 = 1.959963984540054;

Estimate meanOf(const std::vector<double> &sorted) {
  double sum = 0, squares = 0;
  for (double x : sorted)
    sum += x;
  const double n = double(sorted.size()), mean = sum / n;
  for (double x : sorted)
    squares += (x - mean) * (x - mean);
  const double error = n > 1 ? kStandardErrors95 * std::sqrt(squares / (n - 1) / n) : 0;
  return {mean, mean - error, mean + error};
}

// Between order statistics; their ranks are binomial, which gives the interval (David and Nagaraja
// 2003, 7.1), here by its normal approximation.
Estimate quantileOf(const std::vector<double> &sorted, double p) {
  const double n = double(sorted.size()), error = kStandardErrors95 * std::sqrt(n * p * (1 - p));
  auto at = [&](double rank) {
    const double place = std::clamp(rank - 0.5, 0.0, n - 1);
    const size_t below = size_t(place), above = std::min(below + 1, sorted.size() - 1);
    return sorted[below] + (place - double(below)) * (sorted[above] - sorted[below]);
  };
  return {at(n * p), at(n * p - error), at(n * p + error)};
}

class Sampler {
public:
  Sampler(const Step &step, const SimulateOptions &options)
      : step(step), options(options), times(options.samples, kNotDone) {}

  // The samples that are done, sorted.
  std::vector<double> run() {
    std::vector<std::thread> threads;
    for (int i = 1; i < options.threads; ++i)
      threads.emplace_back([this] { work(); });
    work();
    for (std::thread &thread : threads)
      thread.join();
    times.erase(std::remove(times.begin(), times.end(), kNotDone), times.end());
    std::sort(times.begin(), times.end());
    return std::move(times);
  }

private:
  static constexpr double kNotDone = -1;

  void work() {
    for (int64_t i;
         (i = next++) < options.samples && !(options.cancelled && options.cancelled());) {
      times[i] = step.sampleNs(options.seed, uint64_t(i));
      if (const int64_t count = ++done; options.progress)
        options.progress(count);
    }
  }

  const Step &step;
  const SimulateOptions &options;
  std::vector<double> times;
  std::atomic<int64_t> next{0}, done{0};
};

} // namespace

Simulation sigma::planner::simulate(const Problem &problem, CostSource &costs, const Plan &plan,
                                    const SimulateOptions &options) {
  Simulation result;
  CheckResult checked = check(problem, costs, plan);
  result.error = checked.error;
  result.violations = checked.violations;
  result.plan = checked.plan;
  if (!checked.legal())
    return result;
  try {
    const Step step(problem, costs, result.plan);
    const std::vector<double> times = Sampler(step, options).run();
    result.samples = int64_t(times.size());
    if (times.empty())
      return result;
    result.mean = meanOf(times);
    result.p50 = quantileOf(times, 0.50);
    result.p95 = quantileOf(times, 0.95);
    result.p99 = quantileOf(times, 0.99);
    result.objective = quantileOf(times, double(problem.job.quantilePpm) * 1e-6);
  } catch (const std::exception &error) {
    result.error = error.what();
  }
  return result;
}
