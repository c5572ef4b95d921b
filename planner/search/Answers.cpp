// From decided layouts to what people read: the plan, its runners-up, and what else was possible.
#include "planner/search/Runners.h"
#include "planner/search/Search.h"

#include <algorithm>

using namespace sigma::planner;

Plan Search::toPlan(const Entry &entry) {
  StageModel stages = model(entry);
  Plan plan;
  plan.layout = entry.layout;
  plan.objectiveNs = entry.bestNs;
  plan.noiseNs = stages.noiseNs();
  plan.stages = stages.describe(entry.best.counts);
  return plan;
}

Runner Search::runnerOf(const Answer &answer, const Entry &entry) {
  Runner runner;
  runner.plan = toPlan(entry);
  runner.reason = whyItLoses(answer.plan, runner.plan);
  return runner;
}

void Search::addRunners(Answer &answer) {
  std::vector<Layout> taken{answer.plan.layout};
  auto isNew = [&](const Layout &layout) {
    return std::none_of(taken.begin(), taken.end(),
                        [&](const Layout &other) { return isSameKind(layout, other); });
  };
  for (int i = 1; i < options.top; ++i) {
    std::optional<Candidate> next = findBest(isNew, false);
    if (!next || deadline.isOver())
      return;
    taken.push_back(entries[next->index].layout);
    answer.runnersUp.push_back(runnerOf(answer, entries[next->index]));
  }
}

void Search::addAlternatives(Answer &answer) {
  if (!options.alternatives)
    return;
  const Layout &chosen = answer.plan.layout;
  auto add = [&](const Filter &differs, const std::function<std::string(const Layout &)> &name) {
    std::optional<Candidate> best = deadline.isOver() ? std::nullopt : findBest(differs, false);
    if (!best)
      return;
    Runner runner = runnerOf(answer, entries[best->index]);
    runner.choice = name(runner.plan.layout);
    answer.alternatives.push_back(std::move(runner));
  };
  for (Axis axis : {Axis::Tp, Axis::Cp, Axis::Pp, Axis::Ep, Axis::Etp, Axis::Zero, Axis::ExpertZero,
                    Axis::MicroBatch})
    add([&, axis](const Layout &layout) { return layout.get(axis) != chosen.get(axis); },
        [axis](const Layout &layout) {
          return std::string(axisName(axis)) + " " + std::to_string(layout.get(axis));
        });
  add([&](const Layout &layout) { return layout.schedule != chosen.schedule; },
      [](const Layout &layout) { return std::string(scheduleName(layout.schedule)); });
  add([&](const Layout &layout) { return layout.placement != chosen.placement; },
      [](const Layout &layout) { return std::string(placementName(layout.placement)); });
}
