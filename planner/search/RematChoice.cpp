#include "planner/search/RematChoice.h"

#include "planner/cost/Arithmetic.h"

#include <algorithm>
#include <set>

using namespace sigma::planner;

namespace {

// How many layers of each kind may be rematerialized when no transient may exceed a threshold.
// Once the threshold is chosen, the transients stop coupling the kinds and what is left is a
// small bounded knapsack.
struct Bounds {
  std::vector<int64_t> least, most;
  bool feasible = true;
};

class Knapsack {
public:
  Knapsack(const RematProblem &problem, const Bounds &bounds, int64_t budget)
      : kinds(problem.kinds), bounds(bounds), budget(budget), counts(kinds.size(), 0) {}

  std::optional<RematChoice> solve() {
    visit(0, 0, 0);
    return best;
  }

private:
  void visit(size_t kind, int64_t savedSoFar, int64_t extraSoFar) {
    if (best && extraSoFar > best->extraNs)
      return;
    if (kind == kinds.size()) {
      if (savedSoFar <= budget)
        keepIfBetter(extraSoFar);
      return;
    }
    // The last kind has one best count: the smallest that fits.
    bool last = kind + 1 == kinds.size();
    int64_t from = last ? leastThatFits(kind, savedSoFar) : bounds.least[kind];
    int64_t to = last ? std::min(from, bounds.most[kind]) : bounds.most[kind];
    for (int64_t count = from; count <= to; ++count) {
      counts[kind] = count;
      visit(kind + 1, addSat(savedSoFar, savedOf(kind, count)),
            addSat(extraSoFar, mulSat(count, kinds[kind].extraNs)));
    }
  }

  int64_t savedOf(size_t kind, int64_t count) const {
    return addSat(mulSat(count, kinds[kind].rematBytes),
                  mulSat(kinds[kind].count - count, kinds[kind].keptBytes));
  }

  int64_t leastThatFits(size_t kind, int64_t savedSoFar) const {
    int64_t least = bounds.least[kind];
    int64_t gain = kinds[kind].keptBytes - kinds[kind].rematBytes;
    int64_t excess = addSat(savedSoFar, savedOf(kind, least)) - budget;
    return excess <= 0 || gain <= 0 ? least : least + ceilDiv(excess, gain);
  }

  void keepIfBetter(int64_t extra) {
    auto total = [](const std::vector<int64_t> &v) {
      int64_t sum = 0;
      for (int64_t count : v)
        sum += count;
      return sum;
    };
    if (best && (extra > best->extraNs ||
                 (extra == best->extraNs &&
                  (total(counts) > total(best->counts) ||
                   (total(counts) == total(best->counts) && counts <= best->counts)))))
      return;
    best = RematChoice{counts, extra};
  }

  const std::vector<RematKind> &kinds;
  const Bounds &bounds;
  int64_t budget;
  std::vector<int64_t> counts;
  std::optional<RematChoice> best;
};

} // namespace

static Bounds boundsUnder(const RematProblem &problem, int64_t threshold) {
  Bounds bounds;
  for (const RematKind &kind : problem.kinds) {
    bool mayKeep = kind.keptTransientBytes <= threshold && problem.pinned != true;
    bool mayRemat = kind.rematTransientBytes <= threshold && problem.pinned != false;
    bounds.least.push_back(mayKeep ? 0 : kind.count);
    bounds.most.push_back(mayRemat ? kind.count : 0);
    bounds.feasible &= bounds.least.back() <= bounds.most.back();
  }
  return bounds;
}

// Every value that the largest transient of the stage can take.
static std::set<int64_t> thresholds(const RematProblem &problem) {
  std::set<int64_t> values{problem.fixedTransientBytes};
  for (const RematKind &kind : problem.kinds)
    if (kind.count > 0)
      for (int64_t bytes : {kind.keptTransientBytes, kind.rematTransientBytes})
        values.insert(std::max(bytes, problem.fixedTransientBytes));
  return values;
}

static bool better(const RematChoice &a, const RematChoice &b) {
  int64_t layersA = 0, layersB = 0;
  for (size_t i = 0; i < a.counts.size(); ++i) {
    layersA += a.counts[i];
    layersB += b.counts[i];
  }
  if (a.extraNs != b.extraNs)
    return a.extraNs < b.extraNs;
  return layersA != layersB ? layersA < layersB : a.counts > b.counts;
}

std::optional<RematChoice> sigma::planner::chooseRemat(const RematProblem &problem,
                                                       int64_t budget) {
  std::optional<RematChoice> best;
  for (int64_t threshold : thresholds(problem)) {
    Bounds bounds = boundsUnder(problem, threshold);
    if (!bounds.feasible || threshold > budget)
      continue;
    std::optional<RematChoice> choice = Knapsack(problem, bounds, budget - threshold).solve();
    if (choice && (!best || better(*choice, *best)))
      best = choice;
  }
  return best;
}

int64_t sigma::planner::leastRematBudget(const RematProblem &problem) {
  int64_t least = kSaturated;
  for (int64_t threshold : thresholds(problem)) {
    Bounds bounds = boundsUnder(problem, threshold);
    if (!bounds.feasible)
      continue;
    int64_t total = threshold;
    for (size_t i = 0; i < problem.kinds.size(); ++i) {
      const RematKind &kind = problem.kinds[i];
      int64_t count = kind.rematBytes < kind.keptBytes ? bounds.most[i] : bounds.least[i];
      total = addSat(total, addSat(mulSat(count, kind.rematBytes),
                                   mulSat(kind.count - count, kind.keptBytes)));
    }
    least = std::min(least, total);
  }
  return least;
}

int64_t sigma::planner::transientBytes(const RematProblem &problem,
                                       const std::vector<int64_t> &counts) {
  int64_t largest = problem.fixedTransientBytes;
  for (size_t i = 0; i < problem.kinds.size(); ++i) {
    const RematKind &kind = problem.kinds[i];
    if (counts[i] > 0)
      largest = std::max(largest, kind.rematTransientBytes);
    if (counts[i] < kind.count)
      largest = std::max(largest, kind.keptTransientBytes);
  }
  return largest;
}
