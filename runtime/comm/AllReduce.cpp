// All-reduce whose bits depend on nothing but the values: every rank owns a slice of a chunk,
// collects that slice of all ranks, adds them in the order of the group, and gives the sum
// back to all.
#include "runtime/Runtime.h"
#include "runtime/comm/Exchange.h"
#include "runtime/comm/SumOfRanks.h"
#include "runtime/health/Fault.h"

#include <algorithm>
#include <climits>

using namespace sigma::runtime;

namespace {

/// A chunk of n elements in slices of one size; the last have less, or nothing.
Parts slicesOf(int64_t n, int slots) {
  const int64_t size = (n + slots - 1) / slots;
  List<int> sizes(slots);
  for (int slot = 0; slot < slots; ++slot)
    sizes[slot] = int(std::clamp<int64_t>(n - slot * size, 0, size));
  return Parts(sizes);
}

template <class T>
void reduceChunk(sigma_rt rt, const Group &group, T *chunk, int64_t n, T *workspace) {
  const MPI_Datatype type = mpiElem(elemOf<T>());
  const Parts slices = slicesOf(n, group.size);
  const int own = slices.counts[group.index];
  const Parts arrived = Parts::equal(group.size, own);
  exchangeParts(rt, group, chunk, slices, workspace, arrived, type, kUnasked);
  sumOfRanks(rt->kernels<T>(), workspace, group.size, own, workspace);
  gatherParts(rt, group, workspace, chunk, slices, type, kUnasked);
}

template <class T>
void allReduce(sigma_rt rt, const Group &group, T *buffer, int64_t n, T *workspace,
               int64_t workspaceElements) {
  // A chunk of c elements needs group.size slices of ceil(c / group.size) in the workspace.
  const int64_t chunk = std::min<int64_t>(workspaceElements, INT_MAX) / group.size * group.size;
  if (chunk == 0)
    throw std::logic_error(
        "all_reduce: the workspace holds less than one element per rank of the group");
  for (int64_t begin = 0; begin < n; begin += chunk)
    reduceChunk(rt, group, buffer + begin, std::min(chunk, n - begin), workspace);
}

} // namespace

void sigma_all_reduce(sigma_rt rt, sigma_i64 elem, sigma_ptr buffer, sigma_i64 n,
                      sigma_i64 groupCode, sigma_ptr workspace, sigma_i64 workspaceBytes) {
  const Group &group = rt->mesh.group(groupCode);
  if (group.size == 1)
    return;
  guarded(rt, [&] {
    const CommScope scope(rt, SpanKind::ReduceGradients);
    withElem(elem, [&](auto zero) {
      using T = decltype(zero);
      allReduce<T>(rt, group, static_cast<T *>(buffer), n, static_cast<T *>(workspace),
                   workspaceBytes / int64_t(sizeof(T)));
    });
  });
}
