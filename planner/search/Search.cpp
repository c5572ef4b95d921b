#include "planner/search/Search.h"

#include "planner/cost/Arithmetic.h"
#include "planner/search/Layouts.h"
#include "planner/search/Runners.h"
#include "planner/search/StageProver.h"

#include <algorithm>

using namespace sigma::planner;

// What is known of one layout.
struct Search::Entry {
  Layout layout;
  int64_t boundNs; // no plan of this layout is faster
  Split best;      // the best known split and its objective; no counts: none is known
  int64_t bestNs = kSaturated;
  bool isExcluded = false; // already returned by an earlier round
  bool isTooLarge = false; // tables would not fit; stays open
  Certificate certificate = Certificate::None;

  bool hasBest() const { return !best.counts.empty(); }
  // bestNs is the layout's optimum.
  bool isSolved() const { return hasBest() && boundNs >= bestNs; }
};

Search::Search(const Problem &problem, CostSource &source, const SearchOptions &options)
    : problem(problem), options(options), sequence(problem.model), costs(problem, source, sequence),
      start(std::chrono::steady_clock::now()) {}

Search::~Search() = default;

StageModel Search::model(const Entry &entry) {
  const CostSet &set = costs.get(entry.layout.microBatch, entry.layout.ep);
  return StageModel(problem, sequence, set, entry.layout);
}

void Search::enumerate(Certificates &certificates) {
  for (const Layout &layout : enumerateLayouts(problem, certificates.indivisible)) {
    Entry entry{layout, 0, {}};
    StageModel stages = model(entry);
    if (!stages.staticMemoryFits()) {
      entry.boundNs = kSaturated;
      entry.certificate = Certificate::Memory;
    } else {
      entry.boundNs = stages.lowerBoundNs();
      if (entry.boundNs >= kSaturated)
        throw PlanningError("the cost tables give step times beyond 36 years");
    }
    entries.push_back(std::move(entry));
  }
  std::sort(entries.begin(), entries.end(), [](const Entry &a, const Entry &b) {
    return a.boundNs != b.boundNs ? a.boundNs < b.boundNs : comesBefore(a.layout, b.layout);
  });
}

unsigned Search::millisecondsLeft() const {
  if (options.timeLimitS <= 0)
    return 0;
  std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  return static_cast<unsigned>(std::max(1.0, 1000 * (options.timeLimitS - spent.count())));
}

bool Search::outOfTime() const {
  if (options.cancelled && options.cancelled())
    return true;
  std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  return hasIncumbent && options.timeLimitS > 0 && spent.count() >= options.timeLimitS;
}

// The least time that an undecided layout could still reach.
int64_t Search::openBoundNs(int64_t incumbent) const {
  int64_t least = incumbent;
  for (const Entry &entry : entries)
    if (!entry.isExcluded && !entry.isSolved())
      least = std::min(least, entry.boundNs);
  return least;
}

void Search::report() const {
  if (!options.progress)
    return;
  Progress progress;
  progress.configurations = static_cast<int64_t>(entries.size());
  for (const Entry &entry : entries)
    progress.closed += entry.isSolved() || entry.boundNs >= kSaturated ||
                       (hasIncumbent && entry.boundNs > incumbentNs);
  progress.incumbentNs = hasIncumbent ? incumbentNs : 0;
  progress.lowerBoundNs = openBoundNs(hasIncumbent ? incumbentNs : kSaturated);
  options.progress(progress);
}

// Ends with the layout's optimum, or with the proof that nothing at or below `limitNs`
// exists, or undecided.
void Search::decide(Entry &entry, int64_t limitNs) {
  StageModel stages = model(entry);
  int64_t constant = stages.noiseNs();
  auto improve = [&](const Split &split) {
    if (addSat(split.costNs, constant) >= entry.bestNs)
      return;
    entry.best = split;
    entry.bestNs = addSat(split.costNs, constant);
  };
  std::optional<BottleneckSplit> even = bottleneckSplit(stages);
  if (!even) {
    entry.certificate = Certificate::Memory;
    entry.boundNs = kSaturated;
    return;
  }
  improve(even->split);
  entry.boundNs = std::max(entry.boundNs, stages.lowerBoundNs(even->slowestNs));
  if (entry.boundNs > limitNs || entry.isSolved()) {
    entry.certificate = Certificate::Time;
    return;
  }
  std::optional<OptionGraph> graph =
      buildOptions(stages, std::min(limitNs, entry.bestNs) - constant);
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
    StageProver prover(graph, target - constantNs, millisecondsLeft());
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

// The best plan among the layouts not yet excluded. Stops early when time is out; then bounds tell
// what is proven.
std::optional<Search::Candidate> Search::findBest(int64_t limitNs, bool isMain) {
  std::optional<Candidate> best;
  auto precedes = [&](const Entry &entry) {
    return comesBefore(entry.layout, entries[best->index].layout);
  };
  auto offer = [&](size_t index) {
    const Entry &entry = entries[index];
    if (!entry.hasBest() || entry.bestNs > limitNs)
      return;
    if (!best || entry.bestNs < best->objectiveNs ||
        (entry.bestNs == best->objectiveNs && precedes(entry)))
      best = Candidate{index, entry.bestNs};
    if (isMain) {
      hasIncumbent = true;
      incumbentNs = best->objectiveNs;
    }
  };
  for (size_t index = 0; index < entries.size(); ++index)
    if (!entries[index].isExcluded)
      offer(index);
  for (size_t index = 0; index < entries.size(); ++index) {
    Entry &entry = entries[index];
    if (entry.isExcluded || entry.isSolved() || entry.isTooLarge)
      continue;
    // At equal cost only a layout that comes earlier in canonical order may replace the incumbent.
    int64_t limit = best ? best->objectiveNs - (precedes(entry) ? 0 : 1) : limitNs;
    if (entry.boundNs > limit || entry.boundNs >= kSaturated)
      continue;
    if (outOfTime())
      break;
    decide(entry, limit);
    offer(index);
    if (isMain)
      report();
  }
  return best;
}

// Among the splits of equal cost, the lexicographically smallest. Z3 also confirms that
// nothing is cheaper when bounds had closed the layout: the winner's proof never rests on our
// own arithmetic alone.
void Search::makeCanonical(Entry &entry) {
  StageModel stages = model(entry);
  int64_t target = entry.bestNs - stages.noiseNs();
  std::optional<OptionGraph> graph = buildOptions(stages, target);
  if (!graph)
    return;
  presolve(*graph, target);
  if (entry.isSolved() && entry.certificate != Certificate::Z3) {
    Verdict verdict = StageProver(*graph, target - 1, millisecondsLeft()).check();
    if (verdict == Verdict::Found)
      throw PlanningError("the bounds and Z3 disagree on the optimum");
    if (verdict == Verdict::Refuted)
      entry.certificate = Certificate::Z3;
  }
  StageProver prover(*graph, target, millisecondsLeft());
  Verdict verdict = prover.check();
  if (verdict == Verdict::Refuted)
    throw PlanningError("Z3 refutes a plan that exists");
  if (verdict == Verdict::Unknown)
    return;
  prover.makeCanonical();
  entry.best = prover.split();
  // Only an optimum that is not proven can still turn out cheaper here.
  entry.bestNs = addSat(entry.best.costNs, stages.noiseNs());
}

static void addStepTime(const Problem &problem, const StageModel &stages, Plan &plan) {
  const StepNoise &noise = stages.stepNoise();
  plan.noiseNs = stages.noiseNs();
  double core = static_cast<double>(plan.objectiveNs - plan.noiseNs);
  plan.stepTime.meanNs = core + noise.meanNs();
  plan.stepTime.p50Ns = core + noise.quantileNs(0.5);
  plan.stepTime.p95Ns = core + noise.quantileNs(0.95);
  plan.stepTime.objectiveNs = core + noise.quantileNs(problem.job.quantilePpm * 1e-6);
}

void sigma::planner::addThroughput(const Problem &problem, Plan &plan) {
  double tokens = double(problem.job.globalBatch) * double(problem.model.sequence);
  double seconds = plan.stepTime.meanNs * 1e-9;
  if (seconds <= 0)
    return;
  plan.tokensPerSecond = tokens / seconds;
  plan.mfu = plan.tokensPerSecond * problem.model.flopsPerToken / problem.cluster.peakFlopsPerS();
}

Plan Search::toPlan(const Entry &entry) {
  StageModel stages = model(entry);
  Plan plan;
  plan.layout = entry.layout;
  plan.objectiveNs = entry.bestNs;
  int64_t first = 0;
  for (size_t stage = 0; stage < entry.best.counts.size(); ++stage) {
    int64_t count = entry.best.counts[stage];
    plan.stages.push_back(stages.describe(static_cast<int64_t>(stage), first, count));
    first += count;
  }
  addStepTime(problem, stages, plan);
  addThroughput(problem, plan);
  return plan;
}

void Search::addRunners(Answer &answer) {
  for (int i = 1; i < options.top; ++i) {
    std::optional<Candidate> next = findBest(kSaturated, false);
    if (!next || outOfTime())
      return;
    Entry &entry = entries[next->index];
    Plan plan = toPlan(entry);
    answer.runnersUp.push_back({entry.layout, entry.bestNs, whyItLoses(answer.plan, plan)});
    entry.isExcluded = true;
  }
}

void Search::run(Answer &answer) {
  enumerate(answer.proof.certificates);
  answer.proof.configurations = static_cast<int64_t>(entries.size());
  std::optional<Candidate> best = findBest(kSaturated, true);

  int64_t boundNs = kSaturated;
  if (best) {
    boundNs = openBoundNs(best->objectiveNs);
    makeCanonical(entries[best->index]);
  }
  Certificates &count = answer.proof.certificates;
  int64_t open = 0;
  for (const Entry &entry : entries) {
    bool isOpen = !entry.isSolved() && entry.boundNs < kSaturated &&
                  (!best || entry.boundNs <= best->objectiveNs - 1);
    open += isOpen;
    count.memoryBound += entry.certificate == Certificate::Memory;
    count.lagrange += entry.certificate == Certificate::Lagrange && !isOpen;
    count.z3 += entry.certificate == Certificate::Z3 && !isOpen;
    count.timeBound +=
        (entry.certificate == Certificate::None || entry.certificate == Certificate::Time) &&
        !isOpen;
  }
  if (best) {
    Entry &entry = entries[best->index];
    answer.proof.status = boundNs >= entry.bestNs ? ProofStatus::Optimal : ProofStatus::Gap;
    answer.proof.gap = double(entry.bestNs - boundNs) / double(std::max<int64_t>(1, boundNs));
    answer.plan = toPlan(entry);
    entry.isExcluded = true;
    addRunners(answer);
  } else if (open > 0) {
    answer.error = "stopped before any plan was found";
    answer.proof.status = ProofStatus::Gap;
  }
  std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - start;
  answer.proof.wallMs = static_cast<int64_t>(spent.count());
}
