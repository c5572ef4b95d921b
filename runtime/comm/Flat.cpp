// ZeRO's sums and copies: each rank of a group keeps one part of a flat run of elements. As in
// AllReduce.cpp, the bits of a sum depend on nothing but the values.
#include "runtime/Runtime.h"
#include "runtime/comm/Exchange.h"
#include "runtime/comm/FlatParts.h"
#include "runtime/comm/SumOfRanks.h"
#include "runtime/health/Fault.h"

#include <algorithm>

using namespace sigma::runtime;

namespace {

template <class T>
class FlatParts {
public:
  FlatParts(sigma_rt rt, const Group &group, T *flat, int64_t n, int64_t part)
      : rt(rt), group(group), flat(flat), n(n), part(part) {}

  /// To `own`, or, where that is null, in place.
  void reduce(T *own, T *workspace, int64_t workspaceElements) {
    const int64_t most = workspaceElements / group.size / kPerLine * kPerLine;
    if (most == 0)
      throw std::logic_error("reduce_flat: the workspace holds less than a line for each rank");
    for (int64_t offset = 0; offset < part; offset += most)
      reducePiece(own, offset, std::min(most, part - offset), workspace);
  }

  /// From `own`, or, where that is null, from its place.
  void gather(const T *own) {
    const int64_t most = linesAtOnce(kUnaskedAtOnceBytes, group.size) * kPerLine;
    for (int64_t offset = 0; offset < part; offset += most)
      gatherParts(
          rt, group, own ? own + offset : nullptr, flat,
          partsInLines(n, part, group.size, kPerLine, offset, std::min(most, part - offset)),
          rt->mesh.line, kUnasked);
  }

private:
  static constexpr int64_t kPerLine = kLineBytes / int64_t(sizeof(T));

  void reducePiece(T *own, int64_t offset, int64_t length, T *workspace) {
    const Parts parts = partsInLines(n, part, group.size, kPerLine, offset, length);
    const int lines = parts.counts[group.index];
    exchangeParts(rt, group, flat, parts, workspace, Parts::equal(group.size, lines), rt->mesh.line,
                  kUnasked);
    const int64_t elements = lines * kPerLine;
    sumOfRanks(rt->kernels<T>(), workspace, group.size, elements, workspace);
    if (own)
      rt->kernels<T>().add(own + offset, workspace, own + offset, elements);
    else
      std::copy_n(workspace, elements, flat + parts.begins[group.index] * kPerLine);
  }

  sigma_rt rt;
  const Group &group;
  T *flat;
  int64_t n, part;
};

} // namespace

sigma_i64 sigma_group_index(sigma_rt rt, sigma_i64 group) { return rt->mesh.group(group).index; }

void sigma_reduce_flat(sigma_rt rt, sigma_i64 elem, sigma_ptr flat, sigma_i64 n, sigma_i64 part,
                       sigma_i64 group, sigma_ptr own, sigma_ptr workspace,
                       sigma_i64 workspaceBytes) {
  guarded(rt, [&] {
    const CommScope scope(rt, SpanKind::ReduceGradients);
    withElem(elem, [&](auto zero) {
      using T = decltype(zero);
      FlatParts<T>(rt, rt->mesh.group(group), static_cast<T *>(flat), n, part)
          .reduce(static_cast<T *>(own), static_cast<T *>(workspace),
                  workspaceBytes / int64_t(sizeof(T)));
    });
  });
}

void sigma_gather_flat(sigma_rt rt, sigma_i64 elem, sigma_ptr own, sigma_ptr flat, sigma_i64 n,
                       sigma_i64 part, sigma_i64 group) {
  guarded(rt, [&] {
    const CommScope scope(rt, SpanKind::GatherParameters);
    withElem(elem, [&](auto zero) {
      using T = decltype(zero);
      FlatParts<T>(rt, rt->mesh.group(group), static_cast<T *>(flat), n, part)
          .gather(static_cast<const T *>(own));
    });
  });
}
