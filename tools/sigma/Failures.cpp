//===- Failures.cpp - sigma simulate --failures ---------------------------===//

#include "planner/simulate/Failures.h"
#include "passes/ClusterBridge.h"
#include "tools/sigma/Commands.h"
#include "tools/sigma/Spec.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include <limits>

using namespace sigma::driver;
namespace planner = sigma::planner;
using planner::FailureModel;
using planner::FailureSimulation;
using planner::Goodput;

namespace {
struct Part {
  const char *name;
  double Goodput::*share;
};
constexpr Part kParts[] = {{"kept", &Goodput::kept},
                           {"stalled", &Goodput::stalled},
                           {"replayed", &Goodput::replayed},
                           {"recovering", &Goodput::recovering},
                           {"waiting", &Goodput::waiting}};

struct Answer {
  FailureModel model;
  FailureSimulation simulated;
  double bestIntervalS;

  Goodput expected() const { return planner::expectedGoodput(model); }
  Goodput atBestInterval() const {
    FailureModel best = model;
    best.intervalS = bestIntervalS;
    return planner::expectedGoodput(best);
  }
  /// The fewest with which waiting takes less than a thousandth of the time.
  int64_t sparesWithoutWaiting() const {
    FailureModel other = model;
    for (other.numSpareNodes = 0; planner::expectedGoodput(other).waiting >= 1e-3;)
      ++other.numSpareNodes;
    return other.numSpareNodes;
  }
};
} // namespace

static void printJson(const Answer &answer, const SimulateOptions &options) {
  llvm::json::OStream json(llvm::outs(), 2);
  auto shares = [&](llvm::StringRef name, const Goodput &goodput) {
    json.attributeObject(name, [&] {
      for (const Part &part : kParts)
        json.attribute(part.name, goodput.*part.share);
    });
  };
  const FailureModel &model = answer.model;
  json.object([&] {
    json.attribute("days", options.days);
    json.attribute("runs", options.runs);
    json.attribute("seed", options.seed);
    json.attribute("nodes", model.numNodes);
    json.attribute("spareNodes", model.numSpareNodes);
    json.attribute("failuresPerDay", model.failuresPerHour * 24);
    json.attribute("checkpointIntervalS", model.intervalS);
    shares("simulated", answer.simulated.goodput);
    json.attributeArray("keptConfidence95", [&] {
      json.value(answer.simulated.lowKept);
      json.value(answer.simulated.highKept);
    });
    json.attribute("failures", answer.simulated.failures);
    shares("closedForm", answer.expected());
    json.attribute("bestCheckpointIntervalS", answer.bestIntervalS);
    shares("closedFormAtBestInterval", answer.atBestInterval());
    json.attribute("spareNodesWithoutWaiting", answer.sparesWithoutWaiting());
  });
  llvm::outs() << "\n";
}

static void printText(const Answer &answer, const SimulateOptions &options) {
  const FailureModel &model = answer.model;
  llvm::outs() << llvm::formatv(
      "{0} nodes, {1} spare; {2:f2} failures a day; a checkpoint every {3:f0} s; {4:f0} days, {5} "
      "runs of {6:f0} failures\n",
      model.numNodes, model.numSpareNodes, model.failuresPerHour * 24, model.intervalS,
      options.days, options.runs, answer.simulated.failures);
  llvm::outs() << "                          kept   stalled  replayed  recovering   waiting\n";
  auto row = [](llvm::StringRef name, const Goodput &g) {
    llvm::outs() << llvm::formatv(
        "{0,-22} {1,6:f2} % {2,7:f2} % {3,7:f2} % {4,9:f2} % {5,7:f2} %\n", name, 100 * g.kept,
        100 * g.stalled, 100 * g.replayed, 100 * g.recovering, 100 * g.waiting);
  };
  row("simulated", answer.simulated.goodput);
  row("closed form", answer.expected());
  row(llvm::formatv("every {0:f0} s, the best", answer.bestIntervalS).str(),
      answer.atBestInterval());
  llvm::outs() << llvm::formatv(
      "kept, 95 % confidence: {0:f2} to {1:f2} %; {2} spare nodes make waiting rarer than 0.1 %\n",
      100 * answer.simulated.lowKept, 100 * answer.simulated.highKept,
      answer.sparesWithoutWaiting());
}

int sigma::driver::runFailures(const SimulateOptions &options) {
  Spec spec;
  if (!spec.load(options.spec))
    return kUserError;
  mlir::sigma::ClusterOp cluster = spec.job().lookupCluster();
  Answer answer;
  answer.model = mlir::sigma::describeFailures(cluster);
  FailureModel &model = answer.model;
  if (model.failuresPerHour <= 0) {
    mlir::emitError(cluster.getLoc()) << "states no failures: give sigma.failures, or mtbf_hours "
                                         "of an accelerator or switch_mtbf_hours of a tier";
    return kUserError;
  }
  model.repairHours = options.repairHours;
  model.stallS = options.checkpointStallS;
  model.intervalS = options.checkpointIntervalS;
  answer.bestIntervalS = planner::bestIntervalS(model);
  if (model.intervalS <= 0)
    model.intervalS = answer.bestIntervalS;
  answer.simulated = planner::simulateFailures(model, options.days, options.runs, options.seed);
  if (options.json)
    printJson(answer, options);
  else
    printText(answer, options);
  return kDone;
}
