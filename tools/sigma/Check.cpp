//===- Check.cpp - sigma check --------------------------------------------===//

#include "planner/Explain.h"
#include "planner/LayoutText.h"
#include "planner/Summary.h"
#include "planner/Units.h"
#include "tools/sigma/CheckJson.h"
#include "tools/sigma/ChosenPlan.h"
#include "tools/sigma/Megatron.h"
#include "llvm/Support/FormatVariadic.h"

using namespace sigma::driver;
namespace megatron = sigma::megatron;
namespace planner = sigma::planner;

namespace {
/// What the plan is compared with: the best of the space.
struct Optimum {
  planner::Answer answer;
  double slowerPercent = 0; // the plan checked, against the best
  std::string unknown;      // why there is nothing to compare with
};
} // namespace

static Optimum findOptimum(mlir::sigma::PlanningTask &task, const planner::CheckResult &result,
                           double timeLimitS) {
  Optimum optimum;
  if (result.plan.objectiveNs <= 0) {
    optimum.unknown = "the plan has no step time";
    return optimum;
  }
  optimum.answer = search(task, {timeLimitS});
  const planner::Plan &best = optimum.answer.plan;
  if (!optimum.answer.error.empty())
    optimum.unknown = optimum.answer.error;
  else if (best.stages.empty())
    optimum.unknown = "no plan of the space fits";
  else
    optimum.slowerPercent = 100 * (double(result.plan.objectiveNs) / double(best.objectiveNs) - 1);
  return optimum;
}

static void printOptimum(const Optimum &optimum) {
  if (!optimum.unknown.empty()) {
    llvm::outs() << "not compared with the best plan: " << optimum.unknown << "\n";
    return;
  }
  const planner::Plan &best = optimum.answer.plan;
  bool isProven = optimum.answer.proof.status == planner::ProofStatus::Optimal;
  double percent = optimum.slowerPercent;
  llvm::outs() << llvm::formatv(
      "{0}{1:F2} % {2} than the best plan{3}:\n  {4}  step {5}\n",
      isProven || percent < 0 ? "" : "at least ", std::abs(percent),
      percent < 0 ? "faster" : "slower", percent < 0 ? " of the space, outside which it lies" : "",
      planner::formatLayout(best.layout), planner::formatNs(best.stepTime.objectiveNs));
}

void sigma::driver::writeAttributes(llvm::json::OStream &json, const planner::CheckResult &result) {
  json.attribute("legal", result.legal());
  json.attributeArray("violations", [&] {
    for (const auto &violation : result.violations)
      json.object([&] {
        json.attribute("limit", violation.limit);
        json.attribute("amount", violation.amount);
      });
  });
  json.attributeObject("stepTimeNs", [&] {
    json.attribute("mean", result.plan.stepTime.meanNs);
    json.attribute("p50", result.plan.stepTime.p50Ns);
    json.attribute("p95", result.plan.stepTime.p95Ns);
    json.attribute("objective", result.plan.stepTime.objectiveNs);
  });
  json.attributeArray("peakMemoryBytes", [&] {
    for (const auto &stage : result.plan.stages)
      json.value(stage.peakBytes);
  });
}

static void printJson(const planner::CheckResult &result, const Optimum *optimum) {
  llvm::json::OStream json(llvm::outs(), 2);
  json.object([&] {
    writeAttributes(json, result);
    if (optimum && optimum->unknown.empty())
      json.attributeObject("optimum", [&] {
        json.attribute("proven", optimum->answer.proof.status == planner::ProofStatus::Optimal);
        json.attribute("layout", planner::formatLayout(optimum->answer.plan.layout));
        json.attribute("objectiveNs", optimum->answer.plan.objectiveNs);
        json.attribute("slowerPercent", optimum->slowerPercent);
      });
  });
  llvm::outs() << "\n";
}

/// A layout string says the stages; a pin says how many hold them, or how many chunks each holds.
static bool chooseStages(const std::vector<megatron::VirtualStage> &stages, planner::Pins &pins) {
  using planner::Axis;
  int64_t count = static_cast<int64_t>(stages.size());
  int64_t pp = pins[Axis::Pp] ? *pins[Axis::Pp] : count / pins[Axis::Vpp].value_or(1);
  if (pp < 1 || count % pp != 0 || pins[Axis::Vpp].value_or(count / pp) != count / pp)
    return fail("--pipeline-layout has " + llvm::Twine(count) +
                " virtual stages, which the pinned pp or vpp does not divide");
  pins[Axis::Pp] = pp;
  pins[Axis::Vpp] = count / pp;
  pins.schedule =
      count > pp ? planner::Schedule::Interleaved : planner::Schedule::OneForwardOneBackward;
  return true;
}

/// Each layer is rematerialized as in `best`.
static void takeModes(const planner::Plan &best, planner::Plan &plan) {
  std::map<int64_t, std::string> modes;
  for (const planner::StagePlan &stage : best.stages) {
    auto mode = stage.remat.begin();
    for (const planner::LayerRange &chunk : stage.chunks)
      for (int64_t layer = chunk.first; layer < chunk.end; ++layer)
        modes[layer] = *mode++;
  }
  for (planner::StagePlan &stage : plan.stages) {
    stage.remat.clear();
    for (const planner::LayerRange &chunk : stage.chunks)
      for (int64_t layer = chunk.first; layer < chunk.end; ++layer)
        stage.remat.push_back(modes.count(layer) ? modes[layer] : "none");
  }
}

/// The stages of the string, and everything else as in the best plan with as many.
static int planOfLayoutString(Spec &spec, const CheckOptions &options,
                              mlir::sigma::PlanningTask &task, planner::Plan &plan) {
  megatron::LayoutString layout = megatron::parseLayoutString(options.pipelineLayout);
  if (!layout.error.empty())
    return fail("--pipeline-layout '" + options.pipelineLayout + "': " + layout.error), kUserError;
  planner::Pins pins = task.problem.job.pins;
  if (!chooseStages(layout.stages, task.problem.job.pins))
    return kUserError;
  megatron::Launch launch;
  launch.pipelineParallel = *task.problem.job.pins[planner::Axis::Pp];
  launch.pipelineLayout = options.pipelineLayout;
  launch.microBatch = 1;
  launch.globalBatch = task.problem.job.globalBatch;
  megatron::PlanOrError read = megatron::planOf(launch, megatronTarget(spec, task));
  if (!read.error.empty())
    return fail(read.error), kUserError;
  planner::Answer best = search(task, {options.timeLimitS});
  if (!best.error.empty())
    return fail(best.error), kUserError;
  if (best.plan.stages.empty())
    return llvm::errs() << planner::explain(task.problem, best), kInfeasible;
  task.problem.job.pins = pins;
  plan = read.plan;
  plan.layout = best.plan.layout;
  takeModes(best.plan, plan);
  return kDone;
}

static int choosePlanToCheck(Spec &spec, const CheckOptions &options,
                             mlir::sigma::PlanningTask &task, planner::Plan &plan) {
  if (!options.megatron.empty())
    return readMegatronPlan(options.megatron, megatronTarget(spec, task), plan) ? kDone
                                                                                : kUserError;
  if (!options.pipelineLayout.empty())
    return planOfLayoutString(spec, options, task, plan);
  planner::PlanDocument document;
  if (!readPlan(options.plan, document))
    return kUserError;
  plan = document.answer.plan;
  return kDone;
}

int sigma::driver::runCheck(const CheckOptions &options) {
  Spec spec;
  if (!spec.load(options.spec))
    return kUserError;
  auto task = spec.createTask();
  if (mlir::failed(task))
    return kUserError;
  planner::Plan plan;
  if (int status = choosePlanToCheck(spec, options, *task, plan))
    return status;
  mlir::sigma::admitRematModes(*task, plan);
  planner::CheckResult result = planner::check(task->problem, *task->costs, plan);
  if (!result.error.empty())
    return fail(result.error), kUserError;
  std::optional<Optimum> optimum;
  if (options.optimum)
    optimum = findOptimum(*task, result, options.timeLimitS);
  if (options.json) {
    printJson(result, optimum ? &*optimum : nullptr);
  } else {
    llvm::outs() << planner::summarizeCheck(task->problem, result);
    if (optimum)
      printOptimum(*optimum);
  }
  return result.legal() ? kDone : kUserError;
}
