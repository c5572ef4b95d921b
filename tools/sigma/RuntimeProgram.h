//===- RuntimeProgram.h - programs of the runtime -----------------*- C++ -*-===//

#ifndef TOOLS_SIGMA_RUNTIMEPROGRAM_H
#define TOOLS_SIGMA_RUNTIMEPROGRAM_H

#include <string>
#include <vector>

namespace sigma::driver {

/// A program of the runtime, which knows devices, MPI and checkpoints, where sigma knows none of
/// them. It takes the place of this process, so that a launcher's rank stays one; returns the exit
/// status if it cannot.
int becomeRuntimeProgram(const std::string &name, std::vector<std::string> arguments);

} // namespace sigma::driver

#endif // TOOLS_SIGMA_RUNTIMEPROGRAM_H
