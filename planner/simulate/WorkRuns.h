// The tables' work as runs, on the devices of a stage.
#ifndef SIGMA_PLANNER_SIMULATE_WORKRUNS_H
#define SIGMA_PLANNER_SIMULATE_WORKRUNS_H

#include "planner/cost/Collectives.h"
#include "planner/simulate/CellWork.h"

namespace sigma::planner {

// The kinds of devices among the ranks of a stage; the slowest sets the pace of each op.
class StageDevices {
public:
  StageDevices(const Cluster &cluster, const Layout &layout, int64_t stage);

  int64_t opNs(const OpCost &op) const;
  // Besides `opsNs` of all ops.
  int64_t hostWaitNs(const std::vector<OpCost> &ops, int64_t opsNs) const;
  int64_t memoryNs(int64_t bytes) const;
  int64_t jitterPpm() const;

private:
  std::vector<const Device *> kinds;
};

using PieceRuns = std::array<std::vector<Run>, kNumPhases>;

// A run that looks at nothing and follows another such is one with it.
void appendRun(Run run, std::vector<Run> &runs);

struct ParameterCount {
  int64_t dense = 0, expert = 0;
  int64_t atEnds = 0; // of the dense ones, what another stage holds, too
};

// A collective for each ZeRO stage that has it.
using ByZero = std::array<std::optional<Collective>, 4>;

class WorkRuns {
public:
  WorkRuns(const Problem &problem, const Layout &layout, const StageDevices &devices);

  // Of a layer, embedding or head. Half of backward's arithmetic is for the input's gradient, half
  // for the weights'; collectives and recomputation belong to the former.
  PieceRuns piece(const LayerCost &cost, const RematMode *remat, int64_t layer) const;

  // Forward and backward of one micro-batch may hide the gathering and the reducing.
  TailWork tail(const ParameterCount &parameters, double forwardNs, double backwardNs) const;

private:
  Run runOf(const WorkCost &work, Span::Kind kind, int64_t layer) const;
  Comm commOf(const CollectiveCost &cost) const;
  void hide(const WorkCost &work, Run &run) const;
  Run inputHalf(Run run) const;
  Run weightHalf(const Run &run) const;
  Run settled(Run run) const;
  std::vector<Comm> comms(const ByZero &byZero, const ParameterCount &parameters,
                          double hiddenNs) const;

  const Problem &problem;
  const Layout &layout;
  const StageDevices &devices;
  Topology topology;
  Mesh mesh;
  double jitterCv;
  bool routes;
};

} // namespace sigma::planner

#endif
