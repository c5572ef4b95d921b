#include "planner/search/Limits.h"

#include "planner/cost/Arithmetic.h"

#include <algorithm>
#include <z3++.h>

using namespace sigma::planner;

std::string sigma::planner::limitName(Limit limit) {
  if (isPin(limit))
    return std::string("pin ") + axisName(axisOf(limit));
  switch (limit) {
  case Limit::Memory:
    return "memory";
  case Limit::DeviceCount:
    return "device count";
  case Limit::Batch:
    return "divisibility of batch";
  case Limit::Tensors:
    return "divisibility of tensors";
  case Limit::ExpertTensors:
    return "divisibility of expert tensors";
  case Limit::Experts:
    return "divisibility of experts";
  case Limit::Folding:
    return "divisibility of dp";
  case Limit::Sequence:
    return "divisibility of sequence";
  case Limit::Heads:
    return "divisibility of heads";
  case Limit::Layers:
    return "layers";
  case Limit::Schedule:
    return "schedule";
  case Limit::Zero:
    return "zero";
  case Limit::PinSchedule:
    return "pin schedule";
  case Limit::PinRemat:
    return "pin remat";
  default:
    return "forbid";
  }
}

namespace {

// One Boolean per candidate plan, at least one is chosen, and a chosen candidate contradicts the
// limits it breaks.
class LimitSolver {
public:
  explicit LimitSolver(const std::vector<LimitSet> &broken) : solver(context) {
    z3::params parameters(context);
    parameters.set("core.minimize", true);
    solver.set(parameters);
    for (int i = 0; i < kNumLimits; ++i)
      limits.push_back(context.bool_const(limitName(static_cast<Limit>(i)).c_str()));
    z3::expr_vector chosen(context);
    for (size_t j = 0; j < broken.size(); ++j) {
      chosen.push_back(context.bool_const(("plan" + std::to_string(j)).c_str()));
      for (int i = 0; i < kNumLimits; ++i)
        if (contains(broken[j], static_cast<Limit>(i)))
          solver.add(!chosen.back() || !limits[i]);
    }
    solver.add(z3::mk_or(chosen));
  }

  // True if some candidate obeys all of `assumed`; otherwise `core` is a subset that none obeys.
  bool isSatisfiable(LimitSet assumed, LimitSet &core) {
    z3::expr_vector assumptions(context);
    for (int i = 0; i < kNumLimits; ++i)
      if (contains(assumed, static_cast<Limit>(i)))
        assumptions.push_back(limits[i]);
    z3::check_result result = solver.check(assumptions);
    if (result == z3::unknown)
      throw PlanningError("Z3 gave up on naming the conflicting limits");
    core = 0;
    if (result == z3::sat)
      return true;
    // Read once: in Z3 4.8.12 a second call after minimization returns an empty core.
    z3::expr_vector literals = solver.unsat_core();
    for (unsigned j = 0; j < literals.size(); ++j)
      for (int i = 0; i < kNumLimits; ++i)
        if (z3::eq(literals[j], limits[i]))
          core |= bit(static_cast<Limit>(i));
    return false;
  }

private:
  z3::context context;
  z3::solver solver;
  std::vector<z3::expr> limits;
};

} // namespace

LimitSet sigma::planner::minimalConflict(const std::vector<LimitSet> &broken) {
  // Many candidates break the same limits, and one that breaks more than another adds nothing.
  std::vector<LimitSet> distinct = broken;
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  std::vector<LimitSet> least;
  for (LimitSet set : distinct)
    if (std::none_of(distinct.begin(), distinct.end(),
                     [&](LimitSet other) { return other != set && (other & set) == other; }))
      least.push_back(set);

  LimitSolver solver(least);
  LimitSet core = 0;
  const LimitSet kept = (LimitSet(1) << kNumLimits) - 1;
  if (solver.isSatisfiable(kept, core))
    throw PlanningError("asked why nothing fits, but something does");
  return shrinkConflict(kept,
                        [&](LimitSet assumed) { return solver.isSatisfiable(assumed, core); });
}

LimitSet sigma::planner::shrinkConflict(LimitSet conflict,
                                        const std::function<bool(LimitSet)> &leavesPlan) {
  for (int i = kNumLimits; i-- > 0;)
    if (LimitSet fewer = conflict & ~bit(static_cast<Limit>(i));
        fewer != conflict && !leavesPlan(fewer))
      conflict = fewer;
  return conflict;
}
