#include "planner/check/Rules.h"

#include <algorithm>

using namespace sigma::planner;

namespace {

std::string str(int64_t value) { return std::to_string(value); }

class RuleBook {
public:
  RuleBook(const Problem &problem, const Plan &plan, std::vector<Violation> &violations)
      : problem(problem), plan(plan), violations(violations) {}

  bool run() {
    if (!degreesArePositive())
      return false;
    degrees();
    stages();
    pins();
    forbids();
    return canCost;
  }

private:
  // `fatal`: without this rule there is nothing to compute.
  void rule(bool ok, const char *limit, const std::string &amount, bool fatal = false) {
    if (ok)
      return;
    violations.push_back({limit, amount});
    canCost &= !fatal;
  }

  bool degreesArePositive() {
    const Layout &l = plan.layout;
    constexpr int64_t kMost = int64_t(1) << 40;
    bool ok = true;
    for (int64_t degree : {l.pp, l.dp, l.ep, l.microBatch})
      ok &= degree >= 1 && degree <= kMost;
    rule(ok, "layout", "pp, dp, ep and micro-batch must be at least 1");
    return ok;
  }

  void degrees() {
    const Layout &l = plan.layout;
    int64_t experts = problem.model.numExperts, batch = problem.job.globalBatch;
    int64_t devices = problem.cluster.numDevices;
    bool fits = l.pp <= devices && l.dp <= devices && l.pp * l.dp == devices;
    rule(fits, "device count",
         "pp x dp = " + str(l.pp) + " x " + str(l.dp) + " does not use the " + str(devices) +
             " devices of the cluster",
         true);
    if (experts == 0)
      rule(l.ep == 1, "divisibility of experts",
           "the model has no experts, so ep must be 1, not " + str(l.ep), true);
    else
      rule(experts % l.ep == 0, "divisibility of experts",
           str(experts) + " experts do not divide by ep = " + str(l.ep), true);
    rule(l.dp % l.ep == 0, "divisibility of dp",
         "dp = " + str(l.dp) + " does not divide by ep = " + str(l.ep), true);
    // A product beyond the batch cannot divide it, and might not fit 64 bits.
    bool divides =
        l.dp <= batch && l.microBatch <= batch / l.dp && batch % (l.dp * l.microBatch) == 0;
    rule(divides, "divisibility of batch",
         "global batch " + str(batch) + " does not divide by dp x micro-batch = " + str(l.dp) +
             " x " + str(l.microBatch),
         true);
    if (divides && l.numMicroBatches != 0)
      rule(l.numMicroBatches == batch / (l.dp * l.microBatch), "divisibility of batch",
           str(l.numMicroBatches) + " micro-batches are given; " + str(batch) + " / (" + str(l.dp) +
               " x " + str(l.microBatch) + ") = " + str(batch / (l.dp * l.microBatch)));
  }

  void stages() {
    int64_t layers = 0, next = 0;
    for (const LayerGroup &group : problem.model.layers)
      layers += group.count;
    rule(static_cast<int64_t>(plan.stages.size()) == plan.layout.pp, "layers",
         "pp = " + str(plan.layout.pp) + " but " + str(int64_t(plan.stages.size())) +
             " stages are given",
         true);
    for (size_t i = 0; i < plan.stages.size(); ++i) {
      const StagePlan &stage = plan.stages[i];
      std::string name = "stage " + str(int64_t(i));
      rule(stage.firstLayer == next, "layers",
           name + " begins at layer " + str(stage.firstLayer) + "; " + str(next) + " is next",
           true);
      rule(stage.endLayer > stage.firstLayer, "layers", name + " has no layer", true);
      bool sized = static_cast<Int>(stage.remat.size()) == Int(stage.endLayer) - stage.firstLayer;
      rule(sized, "layers",
           name + " has " + str(int64_t(stage.remat.size())) + " remat modes for layers " +
               str(stage.firstLayer) + ".." + str(stage.endLayer),
           true);
      next = stage.endLayer;
    }
    rule(next == layers, "layers",
         "the stages hold layers up to " + str(next) + "; the model has " + str(layers), true);
  }

  void pins() {
    const Pins &pins = problem.job.pins;
    auto pin = [&](const char *limit, const std::optional<int64_t> &wanted, int64_t given) {
      if (wanted)
        rule(*wanted == given, limit, str(given) + " instead of " + str(*wanted));
    };
    pin("pin pp", pins.pp, plan.layout.pp);
    pin("pin dp", pins.dp, plan.layout.dp);
    pin("pin ep", pins.ep, plan.layout.ep);
    pin("pin micro-batch", pins.microBatch, plan.layout.microBatch);
    if (!pins.remat)
      return;
    int64_t different = 0;
    for (const StagePlan &stage : plan.stages)
      for (bool remat : stage.remat)
        different += remat != *pins.remat;
    rule(different == 0, "pin remat",
         str(different) + " layers are " + (*pins.remat ? "not rematerialized" : "rematerialized"));
  }

  void forbids() {
    const Forbids &forbids = problem.job.forbids;
    auto forbid = [&](const char *name, const std::vector<int64_t> &values, int64_t given) {
      rule(std::count(values.begin(), values.end(), given) == 0, "forbid",
           std::string(name) + " = " + str(given) + " is forbidden");
    };
    forbid("pp", forbids.pp, plan.layout.pp);
    forbid("dp", forbids.dp, plan.layout.dp);
    forbid("ep", forbids.ep, plan.layout.ep);
    forbid("micro-batch", forbids.microBatch, plan.layout.microBatch);
  }

  using Int = __int128;
  const Problem &problem;
  const Plan &plan;
  std::vector<Violation> &violations;
  bool canCost = true;
};

} // namespace

bool sigma::planner::checkRules(const Problem &problem, const Plan &plan,
                                std::vector<Violation> &violations) {
  return RuleBook(problem, plan, violations).run();
}
