//===- Simulate.cpp - sigma simulate --------------------------------------===//

#include "planner/simulate/Simulate.h"
#include "planner/Summary.h"
#include "planner/Units.h"
#include "tools/sigma/ChosenPlan.h"
#include "tools/sigma/Interrupt.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Process.h"
#include <thread>

using namespace sigma::driver;
namespace planner = sigma::planner;
using sigma::planner::Estimate;
using sigma::planner::Simulation;

static void printJson(const Simulation &result, uint64_t seed) {
  llvm::json::OStream json(llvm::outs(), 2);
  auto estimate = [&](llvm::StringRef name, const Estimate &value, double predictedNs) {
    json.attributeObject(name, [&] {
      json.attribute("simulatedNs", value.ns);
      json.attributeArray("confidence95Ns", [&] {
        json.value(value.lowNs);
        json.value(value.highNs);
      });
      if (predictedNs > 0)
        json.attribute("predictedNs", predictedNs);
    });
  };
  const planner::StepTime &predicted = result.plan.stepTime;
  json.object([&] {
    json.attribute("samples", result.samples);
    json.attribute("seed", seed);
    json.attributeObject("stepTime", [&] {
      estimate("mean", result.mean, predicted.meanNs);
      estimate("p50", result.p50, predicted.p50Ns);
      estimate("p95", result.p95, predicted.p95Ns);
      estimate("p99", result.p99, 0);
    });
  });
  llvm::outs() << "\n";
}

static void printText(const planner::Problem &problem, const Simulation &result) {
  llvm::outs() << planner::summarize(problem, result.plan);
  llvm::outs() << llvm::formatv("simulated  {0} steps\n", result.samples)
               << "             simulated    95 % confidence         predicted    predicted is\n";
  auto row = [&](llvm::StringRef name, const Estimate &value, double predictedNs) {
    std::string interval =
        planner::formatNs(value.lowNs) + " to " + planner::formatNs(value.highNs);
    llvm::outs() << llvm::formatv("  {0,-4}  {1,16}    {2,-24}", name, planner::formatNs(value.ns),
                                  interval);
    if (predictedNs > 0)
      llvm::outs() << llvm::formatv("{0,10}  {1,+10:F1} %", planner::formatNs(predictedNs),
                                    100 * (predictedNs / value.ns - 1));
    llvm::outs() << "\n";
  };
  const planner::StepTime &predicted = result.plan.stepTime;
  row("mean", result.mean, predicted.meanNs);
  row("p50", result.p50, predicted.p50Ns);
  row("p95", result.p95, predicted.p95Ns);
  row("p99", result.p99, 0);
}

/// A line on the terminal that counts up, a hundred times at most.
static std::function<void(int64_t)> showProgress(int64_t samples) {
  return [samples](int64_t done) {
    const int64_t every = std::max<int64_t>(samples / 100, 1);
    if (done % every == 0 || done == samples)
      llvm::errs() << llvm::formatv("\rsimulated {0} of {1} steps{2}", done, samples,
                                    done == samples ? "\n" : "");
  };
}

static Simulation simulateUntilInterrupted(mlir::sigma::PlanningTask &task,
                                           const planner::Plan &plan,
                                           const planner::SimulateOptions &options) {
  Interrupt interrupt;
  return planner::simulate(task.problem, *task.costs, plan, options);
}

int sigma::driver::runSimulate(const SimulateOptions &options) {
  Spec spec;
  if (!spec.load(options.spec))
    return kUserError;
  auto task = spec.createTask();
  if (mlir::failed(task))
    return kUserError;
  planner::Answer answer;
  if (int status = choosePlan(spec, options.plan, /*timeLimitS=*/0, *task, answer))
    return status;
  planner::SimulateOptions simulation;
  simulation.samples = options.samples;
  simulation.seed = options.seed;
  simulation.threads = std::max(1u, std::thread::hardware_concurrency());
  simulation.cancelled = Interrupt::isWished;
  if (llvm::sys::Process::StandardErrIsDisplayed())
    simulation.progress = showProgress(options.samples);
  Simulation result = simulateUntilInterrupted(*task, answer.plan, simulation);
  if (!result.error.empty())
    return fail(result.error), kUserError;
  if (!options.trace.empty() &&
      !writeText(options.trace, planner::traceJson(task->problem, *task->costs, answer.plan,
                                                   options.seed, /*sample=*/0)))
    return kUserError;
  if (options.json)
    printJson(result, options.seed);
  else if (options.trace != "-")
    printText(task->problem, result);
  return kDone;
}
