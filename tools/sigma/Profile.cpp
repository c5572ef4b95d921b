//===- Profile.cpp - sigma profile ----------------------------------------===//

#include "tools/sigma/Commands.h"
#include "tools/sigma/RuntimeProgram.h"

int sigma::driver::runProfile(const ProfileOptions &options) {
  std::vector<std::string> arguments = {"--output=" + options.output,
                                        "--precision=" + options.precision};
  if (!options.kind.empty())
    arguments.push_back("--kind=" + options.kind);
  if (options.quick)
    arguments.push_back("--quick");
  return becomeRuntimeProgram("sigma-profile", std::move(arguments));
}
