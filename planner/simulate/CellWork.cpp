#include "planner/simulate/CellWork.h"

#include "planner/Pipeline.h"
#include "planner/cost/Arithmetic.h"
#include "planner/cost/Collectives.h"
#include "planner/simulate/WorkRuns.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

using namespace sigma::planner;

namespace {

class Builder {
public:
  Builder(const Problem &problem, CostSource &costs, const Plan &plan)
      : problem(problem), costs(costs), plan(plan), layout(plan.layout), topology(problem.cluster),
        parts(layout.pp * layout.vpp) {
    for (const LayerGroup &group : problem.model.layers)
      kinds.insert(kinds.end(), group.count, group.kind);
  }

  StageWork stage(int64_t index) {
    const StageDevices devices(problem.cluster, layout, index);
    const WorkRuns runs(problem, layout, devices);
    StageWork work;
    work.jitterCv = devices.jitterPpm() * 1e-6;
    Held held;
    size_t mode = 0;
    for (int64_t chunk = 0; chunk < layout.vpp; ++chunk)
      work.cells.push_back(cell(index, chunk, runs, mode, held));
    if (held.embedding && held.head)
      held.parameters.dense -= problem.model.sharedParameters / layout.tp;
    held.parameters.atEnds = parametersAtEnds(problem.model, layout, index);
    const auto [forwardNs, backwardNs] = arithmeticOf(work.cells);
    work.tail = runs.tail(held.parameters, forwardNs, backwardNs);
    return work;
  }

private:
  struct Held {
    ParameterCount parameters;
    bool embedding = false, head = false;
  };

  CellWork cell(int64_t stage, int64_t chunk, const WorkRuns &runs, size_t &mode, Held &held) {
    const int64_t part = virtualIndex(layout, stage, chunk);
    const LayerRange &range = plan.stages[stage].chunks[chunk];
    std::vector<PieceRuns> pieces;
    auto add = [&](const LayerCost &cost, const RematMode *remat, int64_t layer) {
      pieces.push_back(runs.piece(cost, remat, layer));
      held.parameters.dense += cost.denseParameters;
      held.parameters.expert += cost.expertParameters;
    };
    const int64_t numLayers = int64_t(kinds.size());
    if (part == 0)
      add(costs.embedding(layout.sharding()), nullptr, numLayers), held.embedding = true;
    for (int64_t layer = range.first; layer < range.end; ++layer) {
      const LayerCost &cost = layerCost(kinds[layer]);
      add(cost, &modeOf(cost, plan.stages[stage].remat.at(mode++)), layer);
    }
    if (part == parts - 1)
      add(costs.head(layout.sharding()), nullptr, numLayers + 1), held.head = true;
    CellWork work = joined(std::move(pieces));
    work.forwardReceiveNs = receiveNs(stage, part - 1);
    work.backwardReceiveNs = receiveNs(stage, part + 1);
    return work;
  }

  // Backward goes through the pieces in the other order.
  static CellWork joined(std::vector<PieceRuns> pieces) {
    CellWork work;
    for (int phase = 0; phase < kNumPhases; ++phase) {
      for (PieceRuns &piece : pieces)
        for (Run &run : piece[phase])
          appendRun(std::move(run), work.runs[phase]);
      if (Phase(phase) == Phase::Forward)
        std::reverse(pieces.begin(), pieces.end());
    }
    return work;
  }

  // Forward and backward of one micro-batch through all chunks, without recomputation.
  static std::pair<double, double> arithmeticOf(const std::vector<CellWork> &cells) {
    double forward = 0, backward = 0;
    for (const CellWork &cell : cells) {
      for (const Run &run : cell.runs[int(Phase::Forward)])
        forward += run.arithmeticNs();
      for (const Run &run : cell.runs[int(Phase::Backward)])
        backward += run.kind == Span::Kind::Backward ? run.arithmeticNs() : 0;
    }
    return {forward, backward};
  }

  double receiveNs(int64_t stage, int64_t part) const {
    if (part < 0 || part == parts || virtualStage(layout, part).stage == stage)
      return 0;
    return double(topology.stageTransferNs(costs.boundaryBytes(layout.sharding()), layout,
                                           virtualStage(layout, part).stage, stage));
  }

  const LayerCost &layerCost(int kind) {
    auto [position, isNew] = known.try_emplace(kind);
    if (isNew)
      position->second = costs.layer(kind, layout.sharding());
    return position->second;
  }

  static const RematMode &modeOf(const LayerCost &cost, const std::string &name) {
    for (const RematMode &mode : cost.modes)
      if (mode.name == name)
        return mode;
    throw PlanningError("no layer has a rematerialization mode '" + name + "'");
  }

  const Problem &problem;
  CostSource &costs;
  const Plan &plan;
  const Layout &layout;
  Topology topology;
  int64_t parts;
  std::vector<int> kinds;
  std::map<int, LayerCost> known;
};

} // namespace

double Run::arithmeticNs() const {
  double sum = 0;
  for (const Stretch &stretch : stretches)
    sum += stretch.plainNs + stretch.groupedNs;
  return sum;
}

MeetingTable sigma::planner::meetingsOf(const Problem &problem, const Layout &layout) {
  const Topology topology(problem.cluster);
  const Mesh mesh(layout);
  auto cv = [&](const RankGroup &group) { return topology.groupJitterPpm(group) * 1e-6; };
  MeetingTable table;
  table.ranks = {{
      {layout.tp, 1, cv(mesh.group(Group::Tensor))},
      {layout.cp, layout.tp, cv(mesh.group(Group::Context))},
      {layout.etp, 1, cv(mesh.group(Group::ExpertTensor))},
      {layout.ep, layout.etp, cv(mesh.group(Group::Expert))},
      {layout.cp * layout.dp, layout.tp, cv(mesh.denseReplicas())},
      {layout.edp(), layout.etp * layout.ep, cv(mesh.expertReplicas())},
  }};
  table.endsCv = cv(mesh.ends());
  const double expertsPerRank = std::max(1.0, double(problem.model.numExperts) / double(layout.ep));
  if (layout.ep > 1)
    table.routingCv = problem.cluster.routingJitterPpm * 1e-6 / std::sqrt(expertsPerRank);
  // What every micro-batch gathers or reduces, all replicas wait for.
  table.lockStep = layout.zero >= 2 || layout.expertZero >= 2
                       ? layout.ranksPerStage()
                       : std::lcm(layout.tp * layout.cp, layout.etp * layout.ep);
  return table;
}

std::vector<StageWork> sigma::planner::stageWorks(const Problem &problem, CostSource &costs,
                                                  const Plan &plan) {
  Builder builder(problem, costs, plan);
  std::vector<StageWork> stages;
  for (int64_t stage = 0; stage < plan.layout.pp; ++stage)
    stages.push_back(builder.stage(stage));
  return stages;
}
