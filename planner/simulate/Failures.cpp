#include "planner/simulate/Failures.h"
#include "planner/simulate/Random.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <vector>

namespace sigma::planner {
namespace {

constexpr double kHourS = 3600, kDayS = 24 * kHourS;

double perSecond(const FailureModel &model) { return model.failuresPerHour / kHourS; }
double recoveryS(const FailureModel &model) {
  return model.detectionS + model.replacementS + model.restartS;
}

// One run, second by second where something happens.
class Run {
public:
  Run(const FailureModel &model, double seconds, Random &random)
      : model(model), random(random), end(seconds), spares(model.numSpareNodes) {}

  Goodput shares() {
    while (now < end)
      untilNextFailure();
    for (double *part :
         {&times.kept, &times.stalled, &times.replayed, &times.recovering, &times.waiting})
      *part /= end;
    return times;
  }
  int64_t numFailures() const { return failures; }

private:
  double drawS() { return -std::log(random.uniform()) / perSecond(model); }

  // As much of it as is left of the run goes to `part`.
  void spend(double seconds, double &part) {
    const double left = std::min(seconds, end - now);
    part += left;
    now += left;
  }

  void untilNextFailure() {
    const double cycle = model.intervalS + model.stallS, active = std::min(drawS(), end - now);
    const double cycles = std::floor(active / cycle);
    spend(cycles * model.intervalS, times.kept);
    spend(cycles * model.stallS, times.stalled);
    // What the end of the run cuts off is no loss.
    const double rest = active - cycles * cycle;
    if (now + rest >= end)
      return spend(end - now, times.kept);
    spend(rest, times.replayed);
    recover();
  }

  void recover() {
    for (double left = recoveryS(model); now < end;) {
      replaceNode();
      const double next = drawS();
      if (next >= left)
        return spend(left, times.recovering);
      spend(next, times.recovering);
    }
  }

  void replaceNode() {
    ++failures;
    inRepair.push_back(now + model.repairHours * kHourS);
    takeBackRepaired();
    if (spares == 0) {
      spend(inRepair.front() - now, times.waiting);
      takeBackRepaired();
    }
    --spares;
  }

  void takeBackRepaired() {
    // Of a time that was waited for, the last bit may be lost.
    while (!inRepair.empty() && inRepair.front() <= now * (1 + 1e-12)) {
      inRepair.pop_front();
      ++spares;
    }
  }

  const FailureModel &model;
  Random &random;
  const double end;
  double now = 0;
  int64_t spares, failures = 0;
  std::deque<double> inRepair; // when each comes back
  Goodput times;
};

// Erlang's loss formula, by its recursion.
double lossProbability(int64_t places, double load) {
  double b = 1;
  for (int64_t i = 1; i <= places; ++i)
    b = load * b / (double(i) + load * b);
  return b;
}

} // namespace

FailureSimulation simulateFailures(const FailureModel &model, double days, int64_t runs,
                                   uint64_t seed) {
  FailureSimulation result;
  double squares = 0;
  for (int64_t i = 0; i < runs; ++i) {
    Random random(seed, uint64_t(i));
    Run run(model, days * kDayS, random);
    const Goodput one = run.shares();
    result.goodput.kept += one.kept / double(runs);
    result.goodput.stalled += one.stalled / double(runs);
    result.goodput.replayed += one.replayed / double(runs);
    result.goodput.recovering += one.recovering / double(runs);
    result.goodput.waiting += one.waiting / double(runs);
    result.failures += double(run.numFailures()) / double(runs);
    squares += one.kept * one.kept / double(runs);
  }
  const double mean = result.goodput.kept, variance = std::max(0.0, squares - mean * mean) /
                                                      std::max<double>(1, double(runs - 1));
  const double half = 1.96 * std::sqrt(variance);
  result.lowKept = mean - half;
  result.highKept = mean + half;
  return result;
}

Goodput expectedGoodput(const FailureModel &model) {
  const double f = perSecond(model), cycle = model.intervalS + model.stallS;
  if (f <= 0)
    return {model.intervalS / cycle, model.stallS / cycle, 0, 0, 0};
  const double cycles = 1 / std::expm1(f * cycle), recovery = std::expm1(f * recoveryS(model)) / f;
  const double waiting = lossProbability(model.numSpareNodes + 1, f * model.repairHours * kHourS);
  const double share = (1 - waiting) / (1 / f + recovery);
  return {share * cycles * model.intervalS, share * cycles * model.stallS,
          share * (1 / f - cycles * cycle), share * recovery, waiting};
}

double bestIntervalS(const FailureModel &model) {
  const double f = perSecond(model);
  if (f <= 0 || model.stallS <= 0)
    return model.intervalS;
  const double young = std::sqrt(2 * model.stallS / f), golden = (std::sqrt(5.0) - 1) / 2;
  const auto kept = [&](double interval) {
    FailureModel other = model;
    other.intervalS = interval;
    return expectedGoodput(other).kept;
  };
  double low = young / 10, high = young * 10;
  while (high - low > 1e-6 * young) {
    const double left = high - golden * (high - low), right = low + golden * (high - low);
    if (kept(left) < kept(right))
      low = left;
    else
      high = right;
  }
  return (low + high) / 2;
}

} // namespace sigma::planner
