//===- Failures.cpp - sigma simulate --failures ---------------------------===//

#include "planner/simulate/Failures.h"
#include "passes/ClusterBridge.h"
#include "tools/sigma/Commands.h"
#include "tools/sigma/Spec.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

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
  FailureModel model; // played
  FailureModel best;  // at its best intervals
  FailureSimulation simulated;
  int64_t bestSpareNodes;

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
    json.attribute("repairableShare", model.repairableShare);
    json.attribute("checkpointIntervalS", model.checkpointIntervalS);
    json.attribute("snapshotIntervalS", model.snapshotIntervalS);
    shares("simulated", answer.simulated.goodput);
    json.attributeArray("keptConfidence95", [&] {
      json.value(answer.simulated.lowKept);
      json.value(answer.simulated.highKept);
    });
    json.attribute("failures", answer.simulated.failures);
    json.attribute("repairs", answer.simulated.repairs);
    shares("closedForm", planner::expectedGoodput(model));
    json.attribute("bestCheckpointIntervalS", answer.best.checkpointIntervalS);
    json.attribute("bestSnapshotIntervalS", answer.best.snapshotIntervalS);
    shares("closedFormAtBestInterval", planner::expectedGoodput(answer.best));
    json.attribute("bestSpareNodes", answer.bestSpareNodes);
    json.attribute("spareNodesWithoutWaiting", answer.sparesWithoutWaiting());
  });
  llvm::outs() << "\n";
}

static std::string intervals(const FailureModel &model) {
  if (!model.takesSnapshots())
    return llvm::formatv("every {0:f0} s", model.checkpointIntervalS);
  return llvm::formatv("every {0:f0} and {1:f0} s", model.checkpointIntervalS,
                       model.snapshotIntervalS);
}

static void printHead(const Answer &answer, const SimulateOptions &options) {
  const FailureModel &model = answer.model;
  const bool repairs = model.takesSnapshots();
  llvm::outs() << llvm::formatv("{0} nodes, {1} spare; {2:f2} failures a day; a checkpoint {3}{4}; "
                                "{5:f0} days, {6} runs of {7:f0} failures",
                                model.numNodes, model.numSpareNodes, model.failuresPerHour * 24,
                                repairs ? "and a snapshot " : "", intervals(model), options.days,
                                options.runs, answer.simulated.failures);
  if (repairs)
    llvm::outs() << llvm::formatv(", {0:f0} repaired in the job", answer.simulated.repairs);
  llvm::outs() << "\n";
}

static void printText(const Answer &answer, const SimulateOptions &options) {
  printHead(answer, options);
  llvm::outs() << llvm::formatv("{0,-26}    kept   stalled  replayed  recovering   waiting\n", "");
  auto row = [](llvm::StringRef name, const Goodput &g) {
    llvm::outs() << llvm::formatv(
        "{0,-26} {1,6:f2} % {2,7:f2} % {3,7:f2} % {4,9:f2} % {5,7:f2} %\n", name, 100 * g.kept,
        100 * g.stalled, 100 * g.replayed, 100 * g.recovering, 100 * g.waiting);
  };
  row("simulated", answer.simulated.goodput);
  row("closed form", planner::expectedGoodput(answer.model));
  row(intervals(answer.best) + ", the best", planner::expectedGoodput(answer.best));
  llvm::outs() << llvm::formatv(
      "kept, 95 % confidence: {0:f2} to {1:f2} %; {2} spare nodes make waiting rarer than 0.1 %, "
      "{3} keep most per node paid for\n",
      100 * answer.simulated.lowKept, 100 * answer.simulated.highKept,
      answer.sparesWithoutWaiting(), answer.bestSpareNodes);
}

int sigma::driver::runFailures(const SimulateOptions &options) {
  Spec spec;
  if (!spec.load(options.spec))
    return kUserError;
  mlir::sigma::ClusterOp cluster = spec.job().lookupCluster();
  FailureModel model = mlir::sigma::describeFailures(cluster);
  if (model.failuresPerHour <= 0) {
    mlir::emitError(cluster.getLoc()) << "states no failures: give sigma.failures, or mtbf_hours "
                                         "of an accelerator or switch_mtbf_hours of a tier";
    return kUserError;
  }
  if (options.snapshotIntervalS > 0 && !model.takesSnapshots()) {
    mlir::emitError(cluster.getLoc()) << "repairs nothing in the job: --snapshot-interval-s needs "
                                         "repairable_ppm of sigma.failures, and a spare node";
    return kUserError;
  }
  model.nodeRepairHours = options.nodeRepairHours.value_or(model.nodeRepairHours);
  model.checkpointStallS = options.checkpointStallS.value_or(model.checkpointStallS);
  Answer answer;
  answer.best = planner::withBestIntervals(model);
  answer.bestSpareNodes = planner::bestSpareNodes(model);
  model.checkpointIntervalS = options.checkpointIntervalS;
  model.snapshotIntervalS = options.snapshotIntervalS;
  answer.model = planner::withBestIntervals(model);
  answer.simulated =
      planner::simulateFailures(answer.model, options.days, options.runs, options.seed);
  if (options.json)
    printJson(answer, options);
  else
    printText(answer, options);
  return kDone;
}
