//===- Checkpoint.cpp - sigma checkpoint ----------------------------------===//
//
// Checkpoints are the runtime's, which the tools know nothing of: its own program looks at them,
// and takes the place of this process.

#include "tools/sigma/Commands.h"
#include "tools/sigma/Spec.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <cerrno>
#include <cstring>
#include <unistd.h>

using namespace sigma::driver;

int sigma::driver::runCheckpoint(std::vector<std::string> arguments) {
  static int anchor;
  llvm::SmallString<256> program(
      llvm::sys::path::parent_path(llvm::sys::fs::getMainExecutable("sigma", &anchor)));
  llvm::sys::path::append(program, "sigma-checkpoint");
  std::vector<char *> words = {const_cast<char *>(program.c_str())};
  for (std::string &argument : arguments)
    words.push_back(argument.data());
  words.push_back(nullptr);
  execv(program.c_str(), words.data());
  fail(llvm::Twine("cannot start ") + program + ": " + std::strerror(errno));
  return kUserError;
}
