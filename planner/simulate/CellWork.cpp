#include "planner/simulate/CellWork.h"

#include "planner/cost/Collectives.h"
#include "planner/cost/Roofline.h"

#include <algorithm>
#include <cmath>
#include <map>

using namespace sigma::planner;

namespace {

class Builder {
public:
  Builder(const Problem &problem, CostSource &costs, const Plan &plan)
      : problem(problem), costs(costs), plan(plan), topology(problem.cluster),
        jitter(jittersOf(problem, plan.layout)) {
    for (const LayerGroup &group : problem.model.layers)
      kinds.insert(kinds.end(), group.count, group.kind);
  }

  CellWork stage(int64_t index) {
    const StagePlan &stage = plan.stages[index];
    const Layout &layout = plan.layout;
    CellWork cell;
    if (index == 0)
      append(costs.embedding(layout.microBatch, layout.ep), false, cell);
    for (int64_t layer = stage.firstLayer; layer < stage.endLayer; ++layer)
      append(layerCost(kinds[layer]), stage.remat[layer - stage.firstLayer], cell);
    if (index == layout.pp - 1)
      append(costs.head(layout.microBatch, layout.ep), false, cell);
    // Backward goes through the layers in the other order.
    std::reverse(cell.backward.begin(), cell.backward.end());
    const int64_t bytes = costs.boundaryBytes(layout.microBatch);
    if (index > 0)
      cell.forwardReceiveNs = topology.stageTransferNs(bytes, (index - 1) * layout.dp, layout.dp);
    if (index < layout.pp - 1)
      cell.backwardReceiveNs = topology.stageTransferNs(bytes, index * layout.dp, layout.dp);
    cell.tailNs = double(stage.syncNs) + double(stage.optimizerNs);
    return cell;
  }

private:
  const LayerCost &layerCost(int kind) {
    auto [position, isNew] = known.try_emplace(kind);
    if (isNew)
      position->second = costs.layer(kind, plan.layout.microBatch, plan.layout.ep);
    return position->second;
  }

  void append(const LayerCost &cost, bool remat, CellWork &cell) const {
    append(cost.forward, cell.forward);
    append(cost.backward, cell.backward); // to be reversed: recomputation then comes before it
    if (remat)
      append(cost.recompute, cell.backward);
  }

  void append(const WorkCost &work, std::vector<Run> &runs) const {
    Run run = runOf(work);
    if (run.meets() || runs.empty() || runs.back().meets()) {
      runs.push_back(std::move(run));
      return;
    }
    Run &last = runs.back();
    last.stretches[0].plainNs += run.stretches[0].plainNs;
    last.stretches[0].groupedNs += run.stretches[0].groupedNs;
    last.sigmaNs = std::hypot(last.sigmaNs, run.sigmaNs);
  }

  Run runOf(const WorkCost &work) const {
    Run run;
    run.stretches.emplace_back();
    size_t next = 0;
    for (size_t i = 0; i <= work.ops.size(); ++i) {
      for (; next < work.exchanges.size() && work.exchanges[next].position <= int64_t(i); ++next)
        meet(work.exchanges[next].bytes, run);
      if (i < work.ops.size())
        add(work.ops[i], run.stretches.back());
    }
    if (!run.meets())
      run.sigmaNs =
          jitter.compute * std::hypot(run.stretches[0].plainNs, run.stretches[0].groupedNs);
    return run;
  }

  void add(const OpCost &op, Stretch &stretch) const {
    (op.opClass == OpClass::GroupedMatmul ? stretch.groupedNs : stretch.plainNs) +=
        double(opTimeNs(problem.cluster.device, op));
  }

  void meet(int64_t bytes, Run &run) const {
    if (plan.layout.ep == 1)
      return;
    run.stretches.back().exchangeNs = double(topology.allToAllNs(bytes, plan.layout.ep));
    run.stretches.emplace_back();
  }

  const Problem &problem;
  CostSource &costs;
  const Plan &plan;
  Topology topology;
  Jitters jitter;
  std::vector<int> kinds;
  std::map<int, LayerCost> known;
};

} // namespace

Jitters sigma::planner::jittersOf(const Problem &problem, const Layout &layout) {
  const double expertsPerRank = std::max(1.0, double(problem.model.numExperts) / double(layout.ep));
  Jitters jitters;
  jitters.compute = problem.cluster.device.jitterPpm * 1e-6;
  if (layout.ep > 1)
    jitters.routing = problem.cluster.routingJitterPpm * 1e-6 / std::sqrt(expertsPerRank);
  jitters.link = Topology(problem.cluster).groupJitterPpm(layout.ep, 1) * 1e-6;
  return jitters;
}

std::vector<CellWork> sigma::planner::cellWorks(const Problem &problem, CostSource &costs,
                                                const Plan &plan) {
  Builder builder(problem, costs, plan);
  std::vector<CellWork> cells;
  for (int64_t stage = 0; stage < plan.layout.pp; ++stage)
    cells.push_back(builder.stage(stage));
  return cells;
}
