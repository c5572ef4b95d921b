//===- LaunchExport.cpp - sigma export of what starts a program -----------===//

#include "codegen/launch/Launch.h"
#include "runtime/abi/abi.h"
#include "tools/sigma/ChosenPlan.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <algorithm>
#include <cmath>

using namespace sigma::driver;
namespace planner = sigma::planner;
using sigma::launch::Launch;

/// Absolute: a batch system starts a copy of the script somewhere else.
static std::string programOf(const ExportOptions &options) {
  llvm::SmallString<256> path(options.program);
  if (path.empty()) {
    path = llvm::sys::path::parent_path(options.path);
    llvm::sys::path::append(path, "train");
  }
  if (options.format != "kubernetes") // where paths are those of the image
    llvm::sys::fs::make_absolute(path);
  return std::string(path);
}

static bool hasFallbacks(llvm::StringRef program) {
  std::error_code problem;
  for (llvm::sys::fs::directory_iterator entry(llvm::sys::path::parent_path(program), problem), end;
       entry != end && !problem; entry.increment(problem))
    if (llvm::sys::path::filename(entry->path()).starts_with(SIGMA_FALLBACK))
      return true;
  return false;
}

static Launch launchOf(const planner::PlanDocument &document, const ExportOptions &options) {
  const planner::Plan &plan = document.answer.plan;
  Launch launch;
  launch.model = document.model;
  launch.train = programOf(options);
  launch.ranks = plan.layout.numRanks();
  launch.ranksPerNode = std::min(launch.ranks, document.devicesPerNode.value_or(launch.ranks));
  launch.spareNodes = document.spareNodes;
  launch.hasFallbacks = hasFallbacks(launch.train);
  for (const planner::StagePlan &stage : plan.stages)
    launch.nodeBytes = std::max(launch.nodeBytes, stage.peakBytes * launch.ranksPerNode);
  launch.stepS = int64_t(std::ceil(plan.stepTime.p95Ns / 1e9));
  launch.image = options.image;
  launch.arguments = options.arguments;
  return launch;
}

int sigma::driver::runLaunchExport(const ExportOptions &options) {
  planner::PlanDocument document;
  if (!readPlan(options.path, document))
    return kUserError;
  if (document.answer.plan.stages.empty())
    return fail(shownPath(options.path) + " holds no plan"), kUserError;
  if (options.path == "-" && options.program.empty())
    return fail("where the plan comes from standard input, --program says which program it is of"),
           kUserError;
  const Launch launch = launchOf(document, options);
  const std::string text = options.format == "mpirun"  ? mpirunScript(launch)
                           : options.format == "slurm" ? slurmScript(launch)
                                                       : kubernetesManifest(launch);
  const std::string output = options.output.empty() ? "-" : options.output;
  if (!writeText(output, text))
    return kUserError;
  if (output != "-" && options.format != "kubernetes")
    llvm::sys::fs::setPermissions(output, llvm::sys::fs::perms(0755));
  return kDone;
}
