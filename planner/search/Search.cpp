#include "planner/search/Search.h"

#include "planner/cost/Arithmetic.h"

#include <algorithm>
#include <map>
#include <queue>

using namespace sigma::planner;

Search::Search(const Problem &problem, AskedCosts &asked, const SearchOptions &options)
    : problem(problem), options(options), sequence(asked.sequence()), costs(problem, asked),
      space(problem, sequence), memory(problem, sequence, costs), deadline(options) {}

StageModel Search::model(const Entry &entry) {
  return StageModel(problem, sequence, costs, entry.layout);
}

//===----------------------------------------------------------------------===//
// The lattice
//===----------------------------------------------------------------------===//

void Search::enumerate(Certificates &certificates) {
  for (const Layout &layout : space.families(certificates.indivisible)) {
    Family family{layout, {}, 0, space.numVariants(layout)};
    if (family.numVariants == 0)
      continue;
    numLayouts += family.numVariants;
    families.push_back(family);
  }
}

// The bounds of all are needed to prove anything, so only the user stops this.
void Search::boundFamilies() {
  for (Family &family : families) {
    family.constants = stepConstants(problem, sequence, costs, family.layout);
    family.boundNs =
        LayoutBounds(problem, sequence, costs, family.layout).familyNs(family.constants);
    if (family.boundNs >= kSaturated)
      throw PlanningError("the cost tables give step times beyond 36 years");
    if (options.cancelled && options.cancelled())
      throw Stopped();
  }
  std::sort(families.begin(), families.end(), [](const Family &a, const Family &b) {
    return a.boundNs != b.boundNs ? a.boundNs < b.boundNs : comesBefore(a.layout, b.layout);
  });
}

// ZeRO only adds to the step, unless gradients are reduced where the pipeline would wait.
static bool fillsBubbles(const Layout &layout) {
  const bool putsOff =
      layout.schedule == Schedule::ZeroBubbleH1 || layout.schedule == Schedule::DualPipeV;
  return putsOff && (layout.zero >= 2 || layout.expertZero >= 2);
}

// Makes entries of the variants whose bounds are up to `limitNs` and that are none yet.
void Search::expand(size_t index, int64_t limitNs) {
  Family &family = families[index];
  if (family.expandedNs < 0 && !memory.mayFit(family.layout)) {
    numOutOfMemory += family.numVariants;
    family.expandedNs = kSaturated;
    return;
  }
  LayoutBounds bounds(problem, sequence, costs, family.layout);
  const StaticMemory memoryOfStages(problem, sequence, costs, family.layout);
  Entry entry;
  std::optional<StageTimes> withoutZero;
  for (const Layout &layout : space.variants(family.layout)) {
    // Variants that differ in ZeRO alone follow one another.
    const bool isNewSchedule =
        !withoutZero || layout.schedule != entry.layout.schedule || layout.vpp != entry.layout.vpp;
    entry.layout = layout;
    if (isNewSchedule)
      withoutZero = bounds.scheduleTimes(layout);
    entry.least = *withoutZero;
    const int64_t constantNs = family.constants.of(layout);
    if (!fillsBubbles(layout) && entry.leastNs(constantNs) > limitNs)
      continue;
    if (!memoryOfStages.fits(layout)) {
      if (family.expandedNs < 0)
        ++numOutOfMemory;
      continue;
    }
    entry.least = bounds.variantTimes(layout, *withoutZero);
    entry.boundNs = std::min(entry.leastNs(constantNs), kSaturated - 1);
    if (entry.boundNs <= limitNs && entry.boundNs > family.expandedNs)
      entries.push_back(entry);
  }
  family.expandedNs = limitNs;
}

// Of a layout that may be none of the entries yet; then it has no bound.
size_t Search::entryOf(const Layout &layout) {
  auto isSame = [&](const Entry &entry) {
    return !comesBefore(entry.layout, layout) && !comesBefore(layout, entry.layout);
  };
  const auto found = std::find_if(entries.begin(), entries.end(), isSame);
  if (found != entries.end())
    return static_cast<size_t>(found - entries.begin());
  Entry entry;
  entry.layout = layout;
  entries.push_back(entry);
  return entries.size() - 1;
}

//===----------------------------------------------------------------------===//
// Time and progress
//===----------------------------------------------------------------------===//

unsigned Search::millisecondsLeft() const { return static_cast<unsigned>(1000 * deadline.leftS()); }

// The least time that an undecided layout could still reach.
int64_t Search::openBoundNs(int64_t incumbent) const {
  int64_t least = incumbent;
  for (const Entry &entry : entries)
    if (!entry.isSolved())
      least = std::min(least, entry.boundNs);
  for (const Family &family : families)
    if (family.expandedNs < incumbent)
      least = std::min(least, std::max(family.boundNs, family.expandedNs));
  return least;
}

void Search::report() {
  constexpr double kEachS = 0.2;
  if (!options.progress || deadline.spentS() < nextReportS)
    return;
  nextReportS = deadline.spentS() + kEachS;
  Progress progress;
  progress.configurations = numLayouts;
  progress.closed = numClosed + numOutOfMemory;
  for (const Family &family : families)
    progress.closed += family.expandedNs < 0 && hasIncumbent && family.boundNs > incumbentNs
                           ? family.numVariants
                           : 0;
  progress.incumbentNs = hasIncumbent ? incumbentNs : 0;
  progress.lowerBoundNs = openBoundNs(hasIncumbent ? incumbentNs : kSaturated);
  options.progress(progress);
}

//===----------------------------------------------------------------------===//
// One layout
//===----------------------------------------------------------------------===//

// Ends with the layout's optimum, or with the proof that nothing at or below `limitNs`
// exists, or undecided.
void Search::decide(Entry &entry, int64_t limitNs) {
  if (!memory.fits(entry.layout)) {
    entry.certificate = Certificate::Memory;
    entry.boundNs = kSaturated;
    return;
  }
  StageModel stages = model(entry);
  int64_t constant = stages.constantNs();
  auto improve = [&](const Split &split) {
    if (addSat(split.costNs, constant) >= entry.bestNs)
      return;
    entry.best = split;
    entry.bestNs = addSat(split.costNs, constant);
  };
  // One pass over the stages refutes most layouts: those that cannot hold the layers in time.
  const int64_t steadyLimit = limitNs - constant - addSat(entry.least.fillNs, entry.least.tailNs);
  if (!fitsWithin(stages, steadyLimit)) {
    entry.certificate = Certificate::Time;
    entry.boundNs = std::max(entry.boundNs, limitNs + 1);
    return;
  }
  std::optional<BottleneckSplit> even = bottleneckSplit(stages, entry.least);
  improve(even->split);
  entry.least.steadyNs = std::max(entry.least.steadyNs, even->steadyNs);
  entry.boundNs = std::max(entry.boundNs, entry.leastNs(constant));
  if (entry.boundNs > limitNs || entry.isSolved()) {
    entry.certificate = Certificate::Time;
    return;
  }
  std::optional<OptionGraph> graph =
      buildOptions(stages, entry.least, std::min(limitNs, entry.bestNs) - constant);
  if (!graph) {
    entry.isTooLarge = true;
    return;
  }
  presolve(*graph, std::min(limitNs, entry.bestNs) - constant);
  if (std::optional<Split> split = shortestSplit(*graph))
    improve(*split);
  proveAgainst(entry, *graph, limitNs, constant);
}

void Search::proveAgainst(Entry &entry, OptionGraph &graph, int64_t limitNs, int64_t constantNs) {
  while (true) {
    int64_t target = std::min(limitNs, entry.bestNs - 1);
    presolve(graph, target - constantNs);
    if (graph.empty()) {
      entry.certificate = Certificate::Lagrange;
      entry.boundNs = std::max(entry.boundNs, target + 1);
      return;
    }
    entry.boundNs = std::max(entry.boundNs, addSat(graph.lowerBoundNs(), constantNs));
    StageProver prover(provers, graph, target - constantNs, millisecondsLeft());
    Verdict verdict = prover.check();
    if (verdict == Verdict::Unknown)
      return;
    entry.certificate = Certificate::Z3;
    if (verdict == Verdict::Refuted) {
      entry.boundNs = std::max(entry.boundNs, target + 1);
      return;
    }
    entry.best = prover.split();
    entry.bestNs = addSat(prover.split().costNs, constantNs);
  }
}

//===----------------------------------------------------------------------===//
// All layouts
//===----------------------------------------------------------------------===//

// The best plan among the layouts of `filter`. Stops early when time is out; then
// bounds tell what is proven.
std::optional<Search::Candidate> Search::findBest(const Filter &filter, bool isMain) {
  std::optional<Candidate> best;
  auto offer = [&](size_t index) {
    const Entry &entry = entries[index];
    if (!entry.hasBest())
      return;
    if (!best || entry.bestNs < best->objectiveNs ||
        (entry.bestNs == best->objectiveNs &&
         comesBefore(entry.layout, entries[best->index].layout)))
      best = Candidate{index, entry.bestNs};
    if (isMain) {
      hasIncumbent = true;
      incumbentNs = best->objectiveNs;
    }
  };
  // Undecided entries, least bound first; of equals the one that comes first in canonical order.
  auto isLater = [&](size_t a, size_t b) {
    if (entries[a].boundNs != entries[b].boundNs)
      return entries[a].boundNs > entries[b].boundNs;
    return comesBefore(entries[b].layout, entries[a].layout);
  };
  std::priority_queue<size_t, std::vector<size_t>, decltype(isLater)> open(isLater);
  auto consider = [&](size_t index) {
    const Entry &entry = entries[index];
    if (entry.isTooLarge || entry.boundNs >= kSaturated || !filter(entry.layout))
      return;
    if (entry.isSolved())
      offer(index);
    else
      open.push(index);
  };
  for (size_t index = 0; index < entries.size(); ++index)
    consider(index);
  // Families with low bounds may have no plan that is as good, so now and then the best entry is
  // decided before its turn: an incumbent keeps the entries few.
  constexpr int kFamiliesPerDive = 32;
  int sinceDive = 0;
  for (size_t next = 0;;) {
    const int64_t limit = best ? best->objectiveNs : kSaturated - 1;
    const int64_t entryNs = open.empty() ? kSaturated : entries[open.top()].boundNs;
    const int64_t familyNs = next < families.size() ? families[next].boundNs : kSaturated;
    if (std::min(entryNs, familyNs) > limit || deadline.isOver())
      break;
    if (isMain)
      report();
    const bool dives = sinceDive >= kFamiliesPerDive && !open.empty();
    if (familyNs <= entryNs && !dives) {
      ++sinceDive;
      const size_t before = entries.size();
      if (families[next].expandedNs < limit)
        expand(next, limit);
      for (size_t index = before; index < entries.size(); ++index)
        consider(index);
      ++next;
      continue;
    }
    sinceDive = 0;
    const size_t index = open.top();
    open.pop();
    // At equal cost only a layout that comes earlier in canonical order may replace the incumbent.
    const bool precedes = best && comesBefore(entries[index].layout, entries[best->index].layout);
    const int64_t target = best && !precedes ? limit - 1 : limit;
    if (entries[index].boundNs > target)
      continue;
    decide(entries[index], target);
    offer(index);
    if (isMain)
      ++numClosed;
  }
  return best;
}

// Among the splits of equal cost, the lexicographically smallest. Z3 also confirms that
// nothing is cheaper when bounds had closed the layout: the winner's proof never rests on our
// own arithmetic alone.
void Search::makeCanonical(Entry &entry) {
  StageModel stages = model(entry);
  int64_t target = entry.bestNs - stages.constantNs();
  std::optional<OptionGraph> graph = buildOptions(stages, entry.least, target);
  if (!graph)
    return;
  presolve(*graph, target);
  if (entry.isSolved() && entry.certificate != Certificate::Z3) {
    Verdict verdict = StageProver(provers, *graph, target - 1, millisecondsLeft()).check();
    if (verdict == Verdict::Found)
      throw PlanningError("the bounds and Z3 disagree on the optimum");
    if (verdict == Verdict::Refuted)
      entry.certificate = Certificate::Z3;
  }
  StageProver prover(provers, *graph, target, millisecondsLeft());
  Verdict verdict = prover.check();
  if (verdict == Verdict::Refuted)
    throw PlanningError("Z3 refutes a plan that exists");
  if (verdict == Verdict::Unknown)
    return;
  prover.makeCanonical();
  entry.best = prover.split();
  // Only an optimum that is not proven can still turn out cheaper here.
  entry.bestNs = addSat(entry.best.costNs, stages.constantNs());
}

void Search::countCertificates(Certificates &count, const Candidate &best) const {
  int64_t seen = numOutOfMemory;
  count.memoryBound = numOutOfMemory;
  for (const Entry &entry : entries) {
    ++seen;
    const bool isOpen =
        !entry.isSolved() && entry.boundNs < kSaturated && entry.boundNs < best.objectiveNs;
    count.memoryBound += entry.certificate == Certificate::Memory;
    count.lagrange += entry.certificate == Certificate::Lagrange && !isOpen;
    count.z3 += entry.certificate == Certificate::Z3 && !isOpen;
    count.timeBound +=
        (entry.certificate == Certificate::None || entry.certificate == Certificate::Time) &&
        !isOpen;
  }
  count.timeBound += numLayouts - seen;
}

void Search::run(Answer &answer) {
  enumerate(answer.proof.certificates);
  answer.proof.configurations = numLayouts;
  try {
    if (const std::optional<Layout> fitting = memory.findFitting(deadline))
      findPlan(*fitting, answer);
    else
      answer.proof.certificates.memoryBound = numLayouts;
  } catch (const Stopped &) {
    answer.error = "stopped before it was known whether any plan exists";
    answer.proof.status = ProofStatus::Gap;
  }
  answer.proof.wallMs = static_cast<int64_t>(1000 * deadline.spentS());
  answer.proof.z3Ms = provers.spentMs;
  if (answer.plan.stages.empty())
    return;
  addRunners(answer);
  addAlternatives(answer);
}

// `fitting` fits the memory: the plan when time is out before another is found.
void Search::findPlan(const Layout &fitting, Answer &answer) {
  boundFamilies();
  std::optional<Candidate> best = findBest([](const Layout &) { return true; }, true);
  if (!best) {
    const size_t index = entryOf(fitting);
    decide(entries[index], kSaturated - 1);
    if (!entries[index].hasBest())
      throw PlanningError("a layout that fits the memory has no plan");
    best = Candidate{index, entries[index].bestNs};
  }
  const int64_t boundNs = openBoundNs(best->objectiveNs);
  makeCanonical(entries[best->index]);
  countCertificates(answer.proof.certificates, *best);
  const Entry &entry = entries[best->index];
  answer.proof.status = boundNs >= entry.bestNs ? ProofStatus::Optimal : ProofStatus::Gap;
  answer.proof.gap = double(entry.bestNs - boundNs) / double(std::max<int64_t>(1, boundNs));
  answer.plan = toPlan(entry);
}
