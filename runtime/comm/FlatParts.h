// Of flat runs of elements, the parts that belong to the ranks of a group.
#ifndef SIGMA_RUNTIME_COMM_FLATPARTS_H
#define SIGMA_RUNTIME_COMM_FLATPARTS_H

#include "runtime/comm/Mesh.h"
#include "runtime/comm/Parts.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace sigma::runtime {

/// The lines of each rank's part that are gathered at once.
inline int64_t linesAtOnce(int64_t bytes, int ranks) {
  return std::max<int64_t>(bytes / kLineBytes / ranks, 1);
}

/// Of the `n` elements of a flat the parts of all ranks, or up to `length` of each from `offset`
/// on; as MPI counts them, in lines.
inline Parts partsInLines(int64_t n, int64_t part, int ranks, int64_t elementsPerLine,
                          int64_t offset, int64_t length) {
  List<int> counts(ranks), begins(ranks);
  for (int rank = 0; rank < ranks; ++rank) {
    const int64_t begin = std::min(rank * part + offset, n),
                  end = std::min({begin + length, (rank + 1) * part, n});
    begins[rank] = int(begin / elementsPerLine);
    counts[rank] = int(std::max<int64_t>(end - begin, 0) / elementsPerLine);
  }
  return Parts(std::move(counts), std::move(begins));
}

} // namespace sigma::runtime

#endif
