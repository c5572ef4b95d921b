//===- Checkpoint.cpp - sigma checkpoint ----------------------------------===//

#include "tools/sigma/Commands.h"
#include "tools/sigma/RuntimeProgram.h"

int sigma::driver::runCheckpoint(std::vector<std::string> arguments) {
  return becomeRuntimeProgram("sigma-checkpoint", std::move(arguments));
}
