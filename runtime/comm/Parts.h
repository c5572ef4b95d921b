// What the ranks of a group have of something, one after the other: rows, elements, lines.
#ifndef SIGMA_RUNTIME_COMM_PARTS_H
#define SIGMA_RUNTIME_COMM_PARTS_H

#include "runtime/List.h"

#include <cstdint>
#include <utility>

namespace sigma::runtime {

/// How many each rank has, and where they begin.
struct Parts {
  explicit Parts(List<int> sizes) : counts(std::move(sizes)), begins(counts.size()) {
    for (size_t rank = 1; rank < counts.size(); ++rank)
      begins[rank] = begins[rank - 1] + counts[rank - 1];
  }
  Parts(List<int> counts, List<int> begins)
      : counts(std::move(counts)), begins(std::move(begins)) {}
  /// As many of each of `ranks` ranks.
  static Parts equal(int ranks, int64_t each) { return Parts(List<int>(ranks, int(each))); }
  int64_t total() const { return begins.back() + counts.back(); }

  List<int> counts, begins;
};

} // namespace sigma::runtime

#endif
