#include "runtime/kernels/LinearAlgebra.h"
#include "runtime/kernels/Device.h"

#include <cblas.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

namespace sigma::runtime {

constexpr const char *kKeepVariable = "SIGMA_BLAS_CORE";

/// The library's names of kernels that use what this processor has; the first is the one to ask
/// for.
static std::vector<std::string> fittingCores() {
  const std::string level = cpuDevice()->instructionLevel;
  if (level == "x86-64-v4")
    return {"SkylakeX", "Cooperlake", "SapphireRapids"};
  if (level == "x86-64-v3")
    return {"Haswell", "Zen"};
  return {};
}

void restartWithFittingKernels(char *const *argv) {
  const std::vector<std::string> fitting = fittingCores();
  const char *keep = std::getenv(kKeepVariable);
  if (fitting.empty() || (keep && std::string(keep) == "inherit"))
    return;
  if (std::find(fitting.begin(), fitting.end(), openblas_get_corename()) != fitting.end())
    return;
  setenv("OPENBLAS_CORETYPE", fitting.front().c_str(), 1);
  setenv(kKeepVariable, "inherit", 1); // once
  execv("/proc/self/exe", argv);
  // Without /proc the program goes on with the library's choice; the log names it.
}

const char *prepareLinearAlgebra() {
  // Ranks are one per core; threads of the library would fight each other, and would change the
  // order of sums.
  openblas_set_num_threads(1);
  return openblas_get_corename();
}

} // namespace sigma::runtime
