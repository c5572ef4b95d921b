#include "runtime/kernels/LinearAlgebra.h"
#include "runtime/health/Fault.h"
#include "runtime/kernels/Device.h"

#include <cblas.h>
#include <dlfcn.h>
#include <oneapi/dnnl/dnnl.hpp>
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

// ---- bf16

namespace {

using dnnl::memory;

memory::desc describe(int64_t rows, int64_t columns, int64_t elem, int64_t stride, bool transpose) {
  const memory::dims strides = {transpose ? 1 : stride, transpose ? stride : 1};
  return {{rows, columns},
          elem == SIGMA_BF16 ? memory::data_type::bf16 : memory::data_type::f32,
          strides};
}

const dnnl::engine &engine() {
  static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

dnnl::matmul::primitive_desc productOf(const Gemm &g) {
  dnnl::primitive_attr attributes;
  dnnl::post_ops after;
  if (g.accumulate)
    after.append_sum(1.0f);
  attributes.set_post_ops(after);
  return {{describe(g.m, g.k, g.a.elem, g.a.stride, g.a.transpose),
           describe(g.k, g.n, g.b.elem, g.b.stride, g.b.transpose),
           describe(g.m, g.n, g.elem, g.stride, false)},
          attributes,
          engine()};
}

/// It refuses bf16 on processors without AVX-512.
bool hasBf16Products() {
  static const bool has = [] {
    const Matrix any = {nullptr, SIGMA_BF16, 64, false};
    try {
      productOf({any, any, nullptr, SIGMA_F32, 64, 64, 64, 64, true});
      return true;
    } catch (const dnnl::error &) {
      return false;
    }
  }();
  return has;
}

void multiplyBf16ByOneDnn(const Gemm &g) {
  static dnnl::stream stream(engine());
  const dnnl::matmul::primitive_desc product = productOf(g);
  const auto memoryOf = [](const memory::desc &desc, const void *data) {
    return memory(desc, engine(), const_cast<void *>(data));
  };
  dnnl::matmul(product).execute(stream,
                                {{DNNL_ARG_SRC, memoryOf(product.src_desc(), g.a.data)},
                                 {DNNL_ARG_WEIGHTS, memoryOf(product.weights_desc(), g.b.data)},
                                 {DNNL_ARG_DST, memoryOf(product.dst_desc(), g.c)}});
  stream.wait();
}

/// Rows and columns of a block. A block in f32 is 1 MiB: large enough that widening it is little
/// beside its product.
constexpr int64_t kBlock = 512;

/// Memory of one thread's blocks.
struct Blocks {
  std::vector<float> a = std::vector<float>(kBlock * kBlock), b = a, c = a;
};

struct Panel {
  const float *data;
  int64_t stride;
};

/// A block of op(matrix), in f32, as the matrix lies in memory.
Panel widenBlock(const Matrix &matrix, int64_t row, int64_t column, int64_t rows, int64_t columns,
                 std::vector<float> &block) {
  if (matrix.transpose) {
    std::swap(row, column);
    std::swap(rows, columns);
  }
  const int64_t begin = row * matrix.stride + column;
  if (matrix.elem == SIGMA_F32)
    return {static_cast<const float *>(matrix.data) + begin, matrix.stride};
  const BFloat16 *from = static_cast<const BFloat16 *>(matrix.data) + begin;
  for (int64_t r = 0; r < rows; ++r)
    cpuDevice()->bf16.widen(from + r * matrix.stride, block.data() + r * columns, columns);
  return {block.data(), columns};
}

/// Rounds a block of sums to c, which may be added to them.
void narrowBlock(const Gemm &g, int64_t row, int64_t column, int64_t rows, int64_t columns,
                 float *sums) {
  const Kernels<BFloat16> &kernels = cpuDevice()->bf16;
  for (int64_t r = 0; r < rows; ++r, sums += columns) {
    BFloat16 *out = static_cast<BFloat16 *>(g.c) + (row + r) * g.stride + column;
    if (g.accumulate)
      kernels.accumulate(out, sums, columns);
    kernels.narrow(sums, out, columns);
  }
}

} // namespace

void multiplyInWideBlocks(const Gemm &g) {
  static thread_local Blocks blocks;
  const bool isNarrow = g.elem == SIGMA_BF16;
  Panel b = {};
  for (int64_t j = 0; j < g.n; j += kBlock)
    for (int64_t i = 0; i < g.m; i += kBlock) {
      const int64_t rows = std::min(kBlock, g.m - i), columns = std::min(kBlock, g.n - j);
      float *c = isNarrow ? blocks.c.data() : static_cast<float *>(g.c) + i * g.stride + j;
      for (int64_t l = 0; l < g.k; l += kBlock) {
        const int64_t inner = std::min(kBlock, g.k - l);
        const Panel a = widenBlock(g.a, i, l, rows, inner, blocks.a);
        if (i == 0 || g.k > kBlock) // otherwise it is there
          b = widenBlock(g.b, l, j, inner, columns, blocks.b);
        multiplyByEither(Product<float>{a.data, a.stride, g.a.transpose, b.data, b.stride,
                                        g.b.transpose, c, isNarrow ? columns : g.stride, rows,
                                        columns, inner, l > 0 || (g.accumulate && !isNarrow)});
      }
      if (isNarrow)
        narrowBlock(g, i, j, rows, columns, c);
    }
}

void multiplyBf16(const Gemm &g) {
  const bool areBoth = g.a.elem == SIGMA_BF16 && g.b.elem == SIGMA_BF16;
  if (areBoth && hasBf16Products())
    multiplyBf16ByOneDnn(g);
  else
    multiplyInWideBlocks(g);
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
