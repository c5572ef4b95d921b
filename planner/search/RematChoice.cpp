#include "planner/search/RematChoice.h"

#include "planner/cost/Arithmetic.h"

#include <algorithm>

using namespace sigma::planner;

namespace {

using Options = std::vector<RematOption>;

// Every value that the largest transient of the stage can take, in increasing order.
std::vector<int64_t> thresholds(const RematProblem &problem) {
  std::vector<int64_t> values;
  for (const RematKind &kind : problem.kinds)
    for (const RematOption &option : kind.options)
      if (kind.count > 0)
        values.push_back(std::max(option.transientBytes, problem.fixedTransientBytes));
  if (values.empty())
    values.push_back(problem.fixedTransientBytes);
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

// A step along the lower hull of a kind's options: what one layer saves less, and takes longer.
struct Step {
  size_t kind;
  int64_t bytes, ns;
};

bool isFlatter(const Step &a, const Step &b) {
  return Int128(a.ns) * b.bytes < Int128(b.ns) * a.bytes;
}

// Once the largest transient is bounded, transients stop coupling the kinds, and what is left is a
// multiple-choice knapsack over counts. Its relaxation moves layers along the hulls of their
// kinds, flattest step first; branch and bound on it needs few nodes because hulls are nearly met.
class Knapsack {
public:
  Knapsack(const RematProblem &problem, int64_t threshold, int64_t budget, int64_t limitNs)
      : budget(budget), limitNs(limitNs) {
    for (const RematKind &kind : problem.kinds) {
      counts.push_back(kind.count);
      allowed.emplace_back();
      chosen.emplace_back(kind.options.size(), 0);
      for (size_t i = 0; i < kind.options.size(); ++i)
        if (kind.options[i].transientBytes <= threshold)
          allowed.back().push_back({i, kind.options[i]});
      isEmpty |= kind.count > 0 && allowed.back().empty();
    }
    for (const std::vector<Allowed> &options : allowed)
      rest.emplace_back(options.size());
  }

  std::optional<RematChoice> solve() {
    if (!isEmpty)
      visit(0, 0, 0, 0);
    return best;
  }

private:
  struct Allowed {
    size_t index; // into the kind's options
    RematOption option;
  };

  // Hull steps of the options from `from` on, of which the first is where layers start. Most
  // problems are closed by those from 0 on, so others wait until they are asked for.
  const std::vector<Step> &hullSteps(size_t kind, size_t from) {
    std::optional<std::vector<Step>> &known = rest[kind][from];
    if (!known)
      known = hullOf(kind, from);
    return *known;
  }

  std::vector<Step> hullOf(size_t kind, size_t from) const {
    const std::vector<Allowed> &options = allowed[kind];
    std::vector<Step> steps;
    std::vector<size_t> corners{from};
    for (size_t i = from + 1; i < options.size(); ++i) {
      Step step{kind, 0, 0};
      auto stepFromCorner = [&] {
        const RematOption &base = options[corners.back()].option;
        step.bytes = base.savedBytes - options[i].option.savedBytes;
        step.ns = options[i].option.extraNs - base.extraNs;
      };
      stepFromCorner();
      // A corner above the line to this one is none.
      while (!steps.empty() && step.bytes > 0 && isFlatter(step, steps.back())) {
        steps.pop_back();
        corners.pop_back();
        stepFromCorner();
      }
      if (step.bytes <= 0)
        continue;
      steps.push_back(step);
      corners.push_back(i);
    }
    return steps;
  }

  // Least extra time of what is undecided, relaxed: `left` layers of `kind` with options from
  // `option` on, all layers of later kinds. Saturated if nothing fits.
  int64_t relaxedNs(size_t kind, size_t option, int64_t left, int64_t saved) {
    int64_t ns = 0, total = saved;
    steps.clear();
    for (size_t k = kind; k < allowed.size(); ++k) {
      int64_t count = k == kind ? left : counts[k];
      size_t from = k == kind ? option : 0;
      if (count == 0)
        continue;
      if (from >= allowed[k].size())
        return kSaturated;
      total = addSat(total, mulSat(count, allowed[k][from].option.savedBytes));
      ns = addSat(ns, mulSat(count, allowed[k][from].option.extraNs));
      for (const Step &step : hullSteps(k, from))
        steps.push_back({step, count});
    }
    int64_t excess = total - budget;
    if (excess <= 0)
      return ns;
    std::sort(steps.begin(), steps.end(),
              [](const auto &a, const auto &b) { return isFlatter(a.first, b.first); });
    for (const auto &[step, count] : steps) {
      int64_t all = mulSat(step.bytes, count);
      if (all >= excess)
        return addSat(ns, ceilDiv(Int128(excess) * step.ns, step.bytes));
      ns = addSat(ns, mulSat(step.ns, count));
      excess -= all;
    }
    return kSaturated;
  }

  void visit(size_t kind, size_t option, int64_t saved, int64_t extra) {
    while (kind < allowed.size() && option == 0 && counts[kind] == 0)
      ++kind;
    if (kind == allowed.size()) {
      if (saved <= budget && extra < limitNs) {
        best = RematChoice{chosen, extra};
        limitNs = extra;
      }
      return;
    }
    int64_t left = counts[kind];
    for (size_t i = 0; i < option; ++i)
      left -= chosen[kind][allowed[kind][i].index];
    if (addSat(extra, relaxedNs(kind, option, left, saved)) >= limitNs)
      return;
    const Allowed &way = allowed[kind][option];
    const bool isLast = option + 1 == allowed[kind].size();
    // As many as possible keep most first: the relaxation's own order.
    for (int64_t count = left; count >= (isLast ? left : 0); --count) {
      chosen[kind][way.index] = count;
      int64_t savedNow = addSat(saved, mulSat(count, way.option.savedBytes));
      int64_t extraNow = addSat(extra, mulSat(count, way.option.extraNs));
      if (count == left)
        visit(kind + 1, 0, savedNow, extraNow);
      else
        visit(kind, option + 1, savedNow, extraNow);
    }
    chosen[kind][way.index] = 0;
  }

  int64_t budget, limitNs;
  std::vector<int64_t> counts;
  std::vector<std::vector<Allowed>> allowed;
  std::vector<std::vector<std::optional<std::vector<Step>>>> rest; // by kind and first option
  std::vector<std::vector<int64_t>> chosen;
  std::vector<std::pair<Step, int64_t>> steps; // of one relaxation, and how many layers take each
  std::optional<RematChoice> best;
  bool isEmpty = false;
};

int64_t heldBytes(const RematProblem &problem, int64_t saved) {
  return ceilDiv(Int128(saved) * problem.numerator, problem.denominator);
}

} // namespace

// Every layer with what takes least.
static RematChoice cheapest(const RematProblem &problem) {
  RematChoice choice;
  for (const RematKind &kind : problem.kinds) {
    choice.counts.emplace_back(kind.options.size(), 0);
    choice.counts.back().front() = kind.count;
    choice.extraNs = addSat(choice.extraNs, mulSat(kind.count, kind.options.front().extraNs));
  }
  return choice;
}

static int64_t peakBytes(const RematProblem &problem, const RematChoice &choice) {
  return addSat(addSat(problem.fixedBytes, heldBytes(problem, savedBytes(problem, choice))),
                transientBytes(problem, choice));
}

std::optional<RematChoice> sigma::planner::chooseRemat(const RematProblem &problem,
                                                       int64_t capacity) {
  if (RematChoice choice = cheapest(problem); peakBytes(problem, choice) <= capacity)
    return choice;
  std::optional<RematChoice> best;
  for (int64_t threshold : thresholds(problem)) {
    int64_t room = capacity - problem.fixedBytes - threshold;
    if (room < 0)
      break;
    // ceil(saved * n / d) <= room exactly when saved <= floor(room * d / n).
    int64_t budget = saturate(Int128(room) * problem.denominator / problem.numerator);
    int64_t limit = best ? best->extraNs : kSaturated;
    if (limit == 0)
      break;
    if (std::optional<RematChoice> choice = Knapsack(problem, threshold, budget, limit).solve())
      best = std::move(choice);
  }
  return best;
}

// What saves least of the options whose transients are within the threshold; null if none is.
static const RematOption *smallest(const RematKind &kind, int64_t threshold) {
  const RematOption *smallest = nullptr;
  for (const RematOption &option : kind.options)
    if (option.transientBytes <= threshold &&
        (!smallest || option.savedBytes < smallest->savedBytes))
      smallest = &option;
  return smallest;
}

// The least peak with transients within the threshold; above all others if there is none.
static int64_t leastPeakBytes(const RematProblem &problem, int64_t threshold) {
  int64_t saved = 0, transient = problem.fixedTransientBytes;
  for (const RematKind &kind : problem.kinds) {
    if (kind.count == 0)
      continue;
    const RematOption *option = smallest(kind, threshold);
    if (!option)
      return INT64_MAX;
    addTimes(saved, kind.count, option->savedBytes);
    transient = std::max(transient, option->transientBytes);
  }
  return addSat(addSat(problem.fixedBytes, heldBytes(problem, saved)), transient);
}

int64_t sigma::planner::leastPeakBytes(const RematProblem &problem) {
  int64_t least = INT64_MAX;
  for (int64_t threshold : thresholds(problem))
    least = std::min(least, ::leastPeakBytes(problem, threshold));
  return least;
}

RematChoice sigma::planner::leastPeakChoice(const RematProblem &problem) {
  const std::vector<int64_t> values = thresholds(problem);
  const int64_t best = *std::min_element(values.begin(), values.end(), [&](int64_t a, int64_t b) {
    return ::leastPeakBytes(problem, a) < ::leastPeakBytes(problem, b);
  });
  RematChoice choice;
  for (const RematKind &kind : problem.kinds) {
    choice.counts.emplace_back(kind.options.size(), 0);
    const RematOption *option = kind.count > 0 ? smallest(kind, best) : nullptr;
    if (!option)
      continue;
    choice.counts.back()[option - kind.options.data()] = kind.count;
    addTimes(choice.extraNs, kind.count, option->extraNs);
  }
  return choice;
}

int64_t sigma::planner::transientBytes(const RematProblem &problem, const RematChoice &choice) {
  int64_t largest = problem.fixedTransientBytes;
  for (size_t kind = 0; kind < choice.counts.size(); ++kind)
    for (size_t i = 0; i < choice.counts[kind].size(); ++i)
      if (choice.counts[kind][i] > 0)
        largest = std::max(largest, problem.kinds[kind].options[i].transientBytes);
  return largest;
}

int64_t sigma::planner::savedBytes(const RematProblem &problem, const RematChoice &choice) {
  int64_t total = 0;
  for (size_t kind = 0; kind < choice.counts.size(); ++kind)
    for (size_t i = 0; i < choice.counts[kind].size(); ++i)
      total =
          addSat(total, mulSat(choice.counts[kind][i], problem.kinds[kind].options[i].savedBytes));
  return total;
}
