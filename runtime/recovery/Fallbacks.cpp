#include "runtime/recovery/Fallbacks.h"
#include "runtime/Program.h"
#include "runtime/abi/abi.h"
#include "runtime/health/Fault.h"
#include "runtime/recovery/Launch.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace sigma::runtime {
namespace {

constexpr double kMostSeconds = 20; // to say what it is
constexpr std::string_view kFolder = SIGMA_FALLBACK;

bool isFallback(const std::string &name) {
  return name.size() > kFolder.size() && name.compare(0, kFolder.size(), kFolder) == 0 &&
         name.find_first_not_of("0123456789", kFolder.size()) == std::string::npos;
}

std::vector<std::string> pathsOfFallbacks() {
  std::vector<std::string> paths;
  const std::filesystem::path here = std::filesystem::path(ownPath()).parent_path();
  for (const auto &entry : std::filesystem::directory_iterator(here))
    if (isFallback(entry.path().filename()) && std::filesystem::exists(entry.path() / "train"))
      paths.push_back((entry.path() / "train").string());
  return paths;
}

/// What the first thing is in which two jobs differ.
std::string difference(const Json &ours, const Json &theirs) {
  for (const auto &[name, value] : ours.items())
    if (theirs.value(name, Json()) != value)
      return name;
  return "tensors";
}

RunnableProgram describe(const std::string &path, const std::string &precision, const Json &ours,
                         const std::string &scratch) {
  launchAll({{path, "--describe=" + scratch, "--precision=" + precision}}, kMostSeconds);
  std::ifstream file(scratch);
  const Json theirs = Json::parse(file, nullptr, /*allow_exceptions=*/false);
  unlink(scratch.c_str());
  if (!theirs.is_object() || !theirs.contains("job"))
    throw UserError(path + " does not say what it is; build it again with --fallback");
  if (theirs["job"] != ours["job"])
    throw UserError(path + " is a program of another job: its " +
                    difference(ours["job"], theirs["job"]) +
                    " differ; build it again with --fallback");
  return {path, theirs["ranks"]};
}

} // namespace

std::string ownPath() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

std::vector<RunnableProgram> findPrograms(const Runtime &rt, const std::string &scratch) {
  const Json ours = describeJob(rt);
  std::vector<RunnableProgram> fallbacks;
  for (const std::string &path : pathsOfFallbacks())
    fallbacks.push_back(describe(path, rt.options.precision, ours, scratch));
  std::sort(fallbacks.begin(), fallbacks.end(),
            [](const auto &a, const auto &b) { return a.ranks > b.ranks; });
  std::vector<RunnableProgram> programs{{ownPath(), rt.mesh.shape.size()}};
  for (const RunnableProgram &fallback : fallbacks)
    if (fallback.ranks < programs.front().ranks)
      programs.push_back(fallback);
  return programs;
}

} // namespace sigma::runtime
