//===- LaunchExport.cpp - sigma export of what starts a program -----------===//

#include "tools/sigma/ChosenPlan.h"
#include "tools/sigma/PlanLaunch.h"
#include "tools/sigma/Spec.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

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
    if (sigma::launch::isFallbackName(llvm::sys::path::filename(entry->path()).str()))
      return true;
  return false;
}

/// The job's share of FLOP/s where nodes are measured in its precision; 0 for a link where there is
/// one node.
static bool askOfNodes(const ExportOptions &options, Launch &launch) {
  if (options.nodeLeastPercent == 0)
    return true;
  Spec spec;
  if (!spec.load(options.spec))
    return false;
  auto task = spec.createTask();
  if (mlir::failed(task))
    return false;
  const planner::Cluster &cluster = task->problem.cluster;
  const bool isMeasured = spec.job().getPrecision() == mlir::sigma::Precision::F32;
  const auto between = llvm::find_if(cluster.tiers, [&](const planner::Tier &tier) {
    return tier.devices > cluster.devicesPerNode;
  });
  for (int64_t figure :
       {isMeasured ? cluster.device.peakFlopsPerS : 0, cluster.device.memoryBandwidthBytesPerS,
        between == cluster.tiers.end() ? 0 : between->bandwidthBytesPerS})
    launch.nodeLeast.push_back(figure / 100 * options.nodeLeastPercent);
  return true;
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
  Launch launch = launchOf(document);
  launch.train = programOf(options);
  launch.hasFallbacks = hasFallbacks(launch.train);
  launch.image = options.image;
  if (!askOfNodes(options, launch))
    return kUserError;
  launch.arguments = options.arguments;
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
