// Z3's encoding of the option graph against enumeration of its paths, on graphs that
// presolve leaves open.
#include "Instances.h"
#include "planner/search/StageProver.h"

#include <algorithm>
#include <gtest/gtest.h>

using namespace sigma::planner;
using namespace sigma::planner::test;

namespace {

StageTimes randomTimes(Random &random, int64_t layers, int64_t weight) {
  const int64_t time = layers * 20 + random.between(1, 60);
  return {weight * time + random.between(0, 9), time, random.between(1, 200)};
}

OptionGraph randomGraph(Random &random) {
  OptionGraph graph;
  graph.numUnits = random.between(3, 9);
  const int64_t weight = random.between(0, 12); // of the steady time, like micro-batches
  int64_t stages = random.between(2, std::min<int64_t>(4, graph.numUnits));
  for (int64_t stage = 0; stage < stages; ++stage) {
    graph.stages.emplace_back();
    bool isFirst = stage == 0, isLast = stage == stages - 1;
    for (int64_t first = isFirst ? 0 : stage; first < (isFirst ? 1 : graph.numUnits); ++first)
      for (int64_t end = isLast ? graph.numUnits : first + 1; end <= graph.numUnits; ++end)
        if (random.chance(85))
          graph.stages.back().push_back(
              {first, end - first, randomTimes(random, end - first, weight)});
  }
  return graph;
}

// The cheapest path, lexicographically smallest among equals.
struct Cheapest {
  int64_t costNs = INT64_MAX;
  std::vector<int64_t> counts;
};

void walk(const OptionGraph &graph, std::vector<const StageOption *> &path, Cheapest &best) {
  int64_t at = path.empty() ? 0 : path.back()->end();
  if (path.size() == graph.stages.size()) {
    int64_t steady = 0, fill = 0, tail = 0;
    std::vector<int64_t> counts;
    for (const StageOption *option : path) {
      steady = std::max(steady, option->times.steadyNs);
      fill += option->times.fillNs;
      tail = std::max(tail, option->times.tailNs);
      counts.push_back(option->count);
    }
    const int64_t cost = steady + fill + tail;
    if (at == graph.numUnits &&
        (cost < best.costNs || (cost == best.costNs && counts < best.counts)))
      best = {cost, counts};
    return;
  }
  for (const StageOption &option : graph.stages[path.size()]) {
    if (option.first != at)
      continue;
    path.push_back(&option);
    walk(graph, path, best);
    path.pop_back();
  }
}

TEST(Prover, EqualsEnumerationOfPaths) {
  int open = 0;
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    OptionGraph graph = randomGraph(random);
    Cheapest best;
    std::vector<const StageOption *> path;
    walk(graph, path, best);
    if (best.counts.empty()) {
      presolve(graph, int64_t(1) << 59);
      EXPECT_TRUE(graph.empty());
      continue;
    }
    // A loose limit leaves Z3 much to do; what it then removes must not be the optimum.
    OptionGraph loose = graph;
    presolve(loose, best.costNs + best.costNs / 3);
    EXPECT_LE(loose.lowerBoundNs(), best.costNs);
    open += loose.numOptions() > 2 * loose.stages.size();
    ProverSession session;
    StageProver refuter(session, loose, best.costNs - 1, 0);
    EXPECT_EQ(refuter.check(), Verdict::Refuted);
    StageProver prover(session, loose, best.costNs, 0);
    ASSERT_EQ(prover.check(), Verdict::Found);
    EXPECT_EQ(prover.split().costNs, best.costNs);
    EXPECT_TRUE(prover.makeCanonical());
    EXPECT_EQ(prover.split().counts, best.counts);

    presolve(graph, best.costNs);
    ASSERT_FALSE(graph.empty()) << "presolve removed the optimum";
    std::optional<Split> split = shortestSplit(graph);
    ASSERT_TRUE(split);
    EXPECT_GE(split->costNs, best.costNs);
  }
  EXPECT_GE(open, 75) << "the graphs leave Z3 too little to decide";
}

TEST(Prover, EmptyGraphIsUndecided) {
  OptionGraph graph;
  graph.numUnits = 1;
  graph.stages.resize(1);
  ProverSession session;
  EXPECT_EQ(StageProver(session, graph, 100, 0).check(), Verdict::Unknown);
}

} // namespace
