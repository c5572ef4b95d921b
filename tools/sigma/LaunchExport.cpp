//===- LaunchExport.cpp - sigma export of what starts a program -----------===//

#include "tools/sigma/ChosenPlan.h"
#include "tools/sigma/PlanLaunch.h"
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
