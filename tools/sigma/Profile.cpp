//===- Profile.cpp - sigma profile ----------------------------------------===//
//
// The measuring program is the runtime's, which knows devices and MPI; sigma knows neither. It
// takes the place of this process, so that a launcher's rank stays one.
//
//===----------------------------------------------------------------------===//

#include "tools/sigma/Spec.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <cerrno>
#include <cstring>
#include <unistd.h>

using namespace sigma::driver;

/// Beside the runtime's library.
static std::string measuringProgram() {
  static int anchor;
  llvm::SmallString<256> file(llvm::sys::path::parent_path(
      llvm::sys::path::parent_path(llvm::sys::fs::getMainExecutable("sigma", &anchor))));
  llvm::sys::path::append(file, "runtime", "sigma-profile");
  return std::string(file);
}

int sigma::driver::runProfile(const ProfileOptions &options) {
  const std::string program = measuringProgram();
  std::vector<std::string> arguments = {program, "--output=" + options.output,
                                        "--precision=" + options.precision};
  if (!options.kind.empty())
    arguments.push_back("--kind=" + options.kind);
  if (options.quick)
    arguments.push_back("--quick");
  std::vector<char *> pointers;
  for (std::string &argument : arguments)
    pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  execv(program.c_str(), pointers.data());
  return fail("cannot start " + program + ": " + std::strerror(errno)), kUserError;
}
