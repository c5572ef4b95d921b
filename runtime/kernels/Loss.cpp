// Token embedding and the cross entropy.
#include "runtime/Runtime.h"
#include "runtime/comm/Exchange.h"
#include "runtime/health/Fault.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace sigma::runtime;

namespace {

/// Ids of the rank's part of the vocabulary.
class IdRange {
public:
  IdRange(const sigma_runtime &rt, int64_t size, int64_t shards)
      : first(shards > 1 ? rt.mesh.tensor.index * size : 0), size(size) {}

  int64_t begin() const { return first; }
  /// Where the id stands in the range, or a negative number: it is none, or of another part.
  int64_t index(int32_t id) const {
    const int64_t own = id - first;
    return id >= 0 && own < size ? own : -1;
  }

private:
  int64_t first, size;
};

/// The log-sum-exp of whole rows, from those of all parts of them.
template <class T>
void joinLogSums(sigma_rt rt, T *lse, int64_t n, T *all, int64_t workspaceBytes) {
  const Group &group = rt->mesh.tensor;
  if (workspaceBytes < n * group.size * int64_t(sizeof(T)))
    throw std::logic_error("cross_entropy: the workspace is smaller than the sums of all parts");
  const CommScope scope(rt, SpanKind::Tensor);
  gatherParts(rt, group, lse, all, Parts::equal(group.size, n), mpiElem(elemOf<T>()));
  for (int64_t i = 0; i < n; ++i) {
    T top = all[i];
    for (int rank = 1; rank < group.size; ++rank)
      top = std::max(top, all[rank * n + i]);
    double sum = 0;
    for (int rank = 0; rank < group.size; ++rank)
      sum += std::exp(double(all[rank * n + i]) - double(top));
    lse[i] = T(double(top) + std::log(sum));
  }
}

} // namespace

void sigma_positions(sigma_rt rt, sigma_ptr y, sigma_i64 n, sigma_i64 sequence, sigma_i64 shares) {
  const Mesh &mesh = rt->mesh;
  const int64_t before = shares > 1 ? mesh.tensor.index * sequence : 0;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t token = i % sequence;
    static_cast<int32_t *>(y)[i] =
        int32_t(shares > 1 ? mesh.position(before + token, sequence * mesh.tensor.size) : token);
  }
}

void sigma_next_targets(sigma_rt, sigma_ptr targets, sigma_ptr y, sigma_i64 n, sigma_i64 sequence) {
  for (int64_t i = 0; i < n; ++i)
    static_cast<int32_t *>(y)[i] =
        (i + 1) % sequence == 0 ? -1 : static_cast<const int32_t *>(targets)[i + 1];
}

void sigma_embedding(sigma_rt rt, sigma_i64 elem, sigma_ptr tokens, sigma_ptr table, sigma_ptr y,
                     sigma_i64 n, sigma_i64 width, sigma_i64 vocabulary, sigma_i64 shards) {
  const int64_t rowBytes = width * elemBytes(elem);
  const IdRange ids(*rt, vocabulary, shards);
  for (int64_t i = 0; i < n; ++i) {
    const int64_t id = ids.index(static_cast<const int32_t *>(tokens)[i]);
    char *row = static_cast<char *>(y) + i * rowBytes;
    if (id < 0)
      std::memset(row, 0, rowBytes);
    else
      std::memcpy(row, static_cast<const char *>(table) + id * rowBytes, rowBytes);
  }
}

void sigma_embedding_grad(sigma_rt rt, sigma_i64 elem, sigma_ptr tokens, sigma_ptr dy,
                          sigma_ptr dtable, sigma_i64 n, sigma_i64 width, sigma_i64 vocabulary,
                          sigma_i64 shards, sigma_i64 flags) {
  const IdRange ids(*rt, vocabulary, shards);
  withElem(elem, [&](auto zero) {
    using T = decltype(zero);
    if (!(flags & SIGMA_ACCUMULATE))
      std::memset(dtable, 0, vocabulary * width * sizeof(Wide<T>));
    for (int64_t i = 0; i < n; ++i) {
      const int64_t id = ids.index(static_cast<const int32_t *>(tokens)[i]);
      if (id < 0)
        continue;
      rt->kernels<T>().accumulate(static_cast<T *>(dy) + i * width,
                                  static_cast<Wide<T> *>(dtable) + id * width, width);
    }
  });
}

void sigma_cross_entropy(sigma_rt rt, sigma_i64 elem, sigma_ptr logits, sigma_ptr targets,
                         sigma_ptr lse, sigma_ptr loss, sigma_i64 n, sigma_i64 vocabulary,
                         sigma_i64 shards, sigma_ptr workspace, sigma_i64 workspaceBytes) {
  guarded(rt, [&] {
    const IdRange ids(*rt, vocabulary, shards);
    withElem(elem, [&](auto zero) {
      using T = decltype(zero);
      const T *rows = static_cast<T *>(logits);
      using W = Wide<T>;
      W *sums = static_cast<W *>(lse);
      rt->kernels<T>().logSumExp(rows, sums, n, vocabulary);
      if (shards > 1)
        joinLogSums(rt, sums, n, static_cast<W *>(workspace), workspaceBytes);
      double total = 0;
      for (int64_t i = 0; i < n; ++i)
        if (const int64_t id = ids.index(static_cast<const int32_t *>(targets)[i]); id >= 0)
          total += double(sums[i]) - double(widened(rows[i * vocabulary + id]));
      *static_cast<W *>(loss) = W(total);
    });
  });
}

void sigma_cross_entropy_grad(sigma_rt rt, sigma_i64 elem, sigma_ptr logits, sigma_ptr targets,
                              sigma_ptr lse, sigma_ptr dloss, sigma_ptr dlogits, sigma_i64 n,
                              sigma_i64 vocabulary, sigma_i64 shards) {
  const IdRange ids(*rt, vocabulary, shards);
  withElem(elem, [&](auto zero) {
    using T = decltype(zero);
    rt->kernels<T>().crossEntropyGrad(static_cast<T *>(logits),
                                      static_cast<const int32_t *>(targets),
                                      static_cast<Wide<T> *>(lse), *static_cast<Wide<T> *>(dloss),
                                      static_cast<T *>(dlogits), n, vocabulary, ids.begin());
  });
}
