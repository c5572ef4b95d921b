#include "runtime/kernels/Bf16Products.h"
#include "runtime/kernels/BFloat16.h"
#include "runtime/kernels/LinearAlgebra.h"

#include <oneapi/dnnl/dnnl.hpp>

#include <algorithm>
#include <map>
#include <new>
#include <stdexcept>
#include <tuple>
#include <vector>

namespace sigma::runtime {

bool hasBf16Products() {
  static const bool has = [] {
    const auto isa = int(dnnl::get_effective_cpu_isa());
    const auto bf16 = int(dnnl::cpu_isa::avx512_core_bf16);
    return (isa & bf16) == bf16;
  }();
  return has;
}

// ---- By oneDNN

namespace {

using dnnl::memory;

const dnnl::engine &engine() {
  static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

memory::desc describe(int64_t rows, int64_t columns, int64_t elem, int64_t stride, bool transpose) {
  const memory::dims strides = {transpose ? 1 : stride, transpose ? stride : 1};
  return {{rows, columns},
          elem == SIGMA_BF16 ? memory::data_type::bf16 : memory::data_type::f32,
          strides};
}

dnnl::matmul::primitive_desc productOf(const Gemm &g) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
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

void check(dnnl_status_t status, const Gemm &g) {
  if (status == dnnl_out_of_memory || status == dnnl_runtime_error)
    throw std::bad_alloc();
  if (status != dnnl_success)
    throw std::runtime_error("oneDNN refused a bf16 product of " + std::to_string(g.m) + " x " +
                             std::to_string(g.n) + " x " + std::to_string(g.k));
}

/// A product of one shape, ready to be made of any matrices.
class ReadyProduct {
public:
  explicit ReadyProduct(const Gemm &g) : ReadyProduct(productOf(g)) {}

  void make(const Gemm &g, std::vector<char> &scratch) {
    scratch.resize(std::max(scratch.size(), scratchBytes + kAlign));
    void *aligned = scratch.data();
    size_t space = scratch.size();
    std::align(kAlign, scratchBytes, aligned, space);
    const std::pair<memory *, const void *> places[] = {
        {&a, g.a.data}, {&b, g.b.data}, {&c, g.c}, {&work, aligned}};
    for (auto [some, place] : places)
      check(dnnl_memory_set_data_handle(some->get(), const_cast<void *>(place)), g);
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, a.get()},
                                         {DNNL_ARG_WEIGHTS, b.get()},
                                         {DNNL_ARG_DST, c.get()},
                                         {DNNL_ARG_SCRATCHPAD, work.get()}};
    static thread_local dnnl::stream stream(engine());
    check(dnnl_primitive_execute(primitive.get(), stream.get(), 4, arguments), g);
    check(dnnl_stream_wait(stream.get()), g);
  }

private:
  static constexpr size_t kAlign = 64;

  explicit ReadyProduct(const dnnl::matmul::primitive_desc &desc)
      : primitive(desc), a(desc.src_desc(), engine(), nullptr),
        b(desc.weights_desc(), engine(), nullptr), c(desc.dst_desc(), engine(), nullptr),
        work(desc.scratchpad_desc(), engine(), nullptr),
        scratchBytes(desc.scratchpad_desc().get_size()) {}

  dnnl::matmul primitive;
  memory a, b, c, work;
  size_t scratchBytes;
};

auto shapeOf(const Gemm &g) {
  return std::tuple(g.m, g.n, g.k, g.a.elem, g.a.stride, g.a.transpose, g.b.elem, g.b.stride,
                    g.b.transpose, g.elem, g.stride, g.accumulate);
}

/// Those that were made lately: making one ready takes longer than a small product. Attention asks
/// for the same few thousands of times a step, experts for others each time.
class ReadyProducts {
public:
  void make(const Gemm &g) {
    if (ready.size() == kMost)
      ready.clear();
    ready.try_emplace(shapeOf(g), g).first->second.make(g, scratch);
  }

private:
  static constexpr size_t kMost = 1024; // as many as oneDNN's own cache of kernels

  std::map<decltype(shapeOf({})), ReadyProduct> ready;
  std::vector<char> scratch;
};

} // namespace

void multiplyBf16ByOneDnn(const Gemm &g) {
  static thread_local ReadyProducts products;
  try {
    products.make(g);
  } catch (const dnnl::error &error) {
    check(error.status, g);
  }
}

// ---- In f32

namespace {

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

} // namespace sigma::runtime
