//===- RuntimeProgram.cpp - programs of the runtime -----------------------===//

#include "tools/sigma/RuntimeProgram.h"
#include "tools/sigma/Spec.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <cerrno>
#include <cstring>
#include <unistd.h>

using namespace sigma::driver;

/// Beside the runtime's library.
static std::string pathOf(const std::string &name) {
  static int anchor;
  llvm::SmallString<256> file(llvm::sys::path::parent_path(
      llvm::sys::path::parent_path(llvm::sys::fs::getMainExecutable("sigma", &anchor))));
  llvm::sys::path::append(file, "runtime", name);
  return std::string(file);
}

int sigma::driver::becomeRuntimeProgram(const std::string &name,
                                        std::vector<std::string> arguments) {
  std::string program = pathOf(name);
  std::vector<char *> words = {program.data()};
  for (std::string &argument : arguments)
    words.push_back(argument.data());
  words.push_back(nullptr);
  execv(program.c_str(), words.data());
  return fail("cannot start " + program + ": " + std::strerror(errno)), kUserError;
}
