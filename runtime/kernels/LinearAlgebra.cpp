#include "runtime/kernels/LinearAlgebra.h"
#include "runtime/kernels/Device.h"

#include <cblas.h>
#include <dlfcn.h>
#include <oneapi/dnnl/dnnl.h>
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

void restartWithFittingKernels(int64_t elem, char *const *argv) {
  if (elem != SIGMA_F64)
    return;
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

/// oneDNN's threads are those of the OpenMP library that it was built with, whichever that is.
static void setOpenMpThreads(int threads) {
  using SetThreads = void (*)(int);
  if (auto set = reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "omp_set_num_threads")))
    set(threads);
}

std::string prepareLinearAlgebra(int64_t elem) {
  // Ranks are one per core; threads of the libraries would fight each other, and would change the
  // order of sums.
  openblas_set_num_threads(1);
  setOpenMpThreads(1);
  if (elem == SIGMA_F64)
    return std::string("OpenBLAS ") + openblas_get_corename();
  const dnnl_version_t &version = *dnnl_version();
  return "oneDNN " + std::to_string(version.major) + "." + std::to_string(version.minor) + "." +
         std::to_string(version.patch);
}

} // namespace sigma::runtime
