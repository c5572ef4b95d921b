#include "runtime/kernels/LinearAlgebra.h"
#include "runtime/health/Fault.h"
#include "runtime/kernels/Bf16Products.h"
#include "runtime/kernels/Device.h"

#include <cblas.h>
#include <dlfcn.h>
#include <oneapi/dnnl/dnnl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace sigma::runtime {

void multiplyByOneDnn(const Product<float> &g) {
  // Its failures are of arguments, which the generated program fixes, and of memory.
  const dnnl_status_t status =
      dnnl_sgemm(g.transposeA ? 'T' : 'N', g.transposeB ? 'T' : 'N', g.m, g.n, g.k, 1.0f, g.a,
                 g.lda, g.b, g.ldb, g.accumulate ? 1.0f : 0.0f, g.c, g.ldc);
  if (status == dnnl_out_of_memory || status == dnnl_runtime_error)
    throw std::bad_alloc();
  if (status != dnnl_success)
    throw std::runtime_error("oneDNN refused a matrix product of " + std::to_string(g.m) + " x " +
                             std::to_string(g.n) + " x " + std::to_string(g.k));
}

static CBLAS_TRANSPOSE blasTranspose(bool yes) { return yes ? CblasTrans : CblasNoTrans; }

static void multiplyByOpenBlas(const Product<float> &g) {
  cblas_sgemm(CblasRowMajor, blasTranspose(g.transposeA), blasTranspose(g.transposeB), g.m, g.n,
              g.k, 1.0f, g.a, g.lda, g.b, g.ldb, g.accumulate ? 1.0f : 0.0f, g.c, g.ldc);
}

void multiplyByOpenBlas(const Product<double> &g) {
  cblas_dgemm(CblasRowMajor, blasTranspose(g.transposeA), blasTranspose(g.transposeB), g.m, g.n,
              g.k, 1.0, g.a, g.lda, g.b, g.ldb, g.accumulate ? 1.0 : 0.0, g.c, g.ldc);
}

void multiplyByEither(const Product<float> &g) {
  if (g.transposeA)
    multiplyByOpenBlas(g);
  else
    multiplyByOneDnn(g);
}

// ---- What multiplies on this processor

static bool onAvx512() { return std::strcmp(cpuDevice()->instructionLevel, "x86-64-v4") == 0; }

/// Whether all or some products of the element type are OpenBLAS's; cpuDevice() chooses.
static bool needsOpenBlas(int64_t elem) { return elem != SIGMA_F32 || !onAvx512(); }

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

/// Empty where the library's choice of kernels fits, or is not used.
static std::string fittingCore(int64_t elem) {
  const std::vector<std::string> fitting = fittingCores();
  const bool fits =
      std::find(fitting.begin(), fitting.end(), openblas_get_corename()) != fitting.end();
  return fitting.empty() || fits || !needsOpenBlas(elem) ? "" : fitting.front();
}

void restartInFittingEnvironment(int64_t elem, int64_t threads, char *const *argv) {
  const char *keep = std::getenv(kKeepVariable);
  if (keep && std::string(keep) == "inherit")
    return;
  const std::string core = fittingCore(elem);
  if (core.empty() && threads == 1)
    return;
  if (!core.empty())
    setenv("OPENBLAS_CORETYPE", core.c_str(), 1);
  if (threads > 1) {
    setenv("OMP_WAIT_POLICY", "passive", 0);
    setenv("OPENBLAS_THREAD_TIMEOUT", "4", 0);
  }
  setenv(kKeepVariable, "inherit", 1); // once
  execv("/proc/self/exe", argv);
  // Without /proc the program goes on with what the libraries chose; the log names it.
}

/// oneDNN's threads are those of the OpenMP library that it was built with, whichever that is.
static void setOpenMpThreads(int threads) {
  using SetThreads = void (*)(int);
  if (auto set = reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "omp_set_num_threads")))
    set(threads);
}

/// Threads that share a processor would wait for each other in every product.
static void checkProcessors(int64_t threads) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0 || threads <= CPU_COUNT(&allowed))
    return;
  throw UserError("--threads=" + std::to_string(threads) + ": this rank may run on " +
                  std::to_string(CPU_COUNT(&allowed)) +
                  " processors; ask for no more, or have the launcher bind it to more");
}

std::string prepareLinearAlgebra(int64_t elem, int64_t threads) {
  checkProcessors(threads);
  openblas_set_num_threads(int(threads));
  setOpenMpThreads(int(threads));
  const int set = openblas_get_num_threads();
  const std::string many = set > 1 ? ", " + std::to_string(set) + " threads" : "";
  const std::string blas = std::string("OpenBLAS ") + openblas_get_corename() + many;
  if (elem == SIGMA_F64)
    return blas;
  const dnnl_version_t &version = *dnnl_version();
  const std::string onednn = "oneDNN " + std::to_string(version.major) + "." +
                             std::to_string(version.minor) + "." + std::to_string(version.patch);
  if (elem == SIGMA_BF16 && !hasBf16Products())
    return onednn + " and " + blas + ", of bf16 widened to f32";
  return needsOpenBlas(elem) ? onednn + " and " + blas : onednn + many;
}

} // namespace sigma::runtime
