#include "runtime/checkpoint/Box.h"

#include <algorithm>
#include <cstring>

namespace sigma::runtime {

bool intersect(const Box &a, const Box &b, Box &common) {
  const size_t rank = a.offset.size();
  common.offset.resize(rank);
  common.extent.resize(rank);
  for (size_t d = 0; d < rank; ++d) {
    const int64_t begin = std::max(a.offset[d], b.offset[d]);
    const int64_t end = std::min(a.offset[d] + a.extent[d], b.offset[d] + b.extent[d]);
    if (begin >= end)
      return false;
    common.offset[d] = begin;
    common.extent[d] = end - begin;
  }
  return true;
}

/// Row-major index in `box` of the element of the logical tensor at `position`.
static int64_t indexIn(const Box &box, const Shape &position) {
  int64_t index = 0;
  for (size_t d = 0; d < position.size(); ++d)
    index = index * box.extent[d] + (position[d] - box.offset[d]);
  return index;
}

void copyBox(const Box &from, const char *source, const Box &to, char *target, const Box &part,
             int64_t elemBytes) {
  const size_t rank = part.offset.size();
  if (part == from && part == to) {
    std::memcpy(target, source, part.elements() * elemBytes);
    return;
  }
  // Runs along the last dimension; the others count like an odometer.
  const int64_t run = rank ? part.extent[rank - 1] * elemBytes : elemBytes;
  Shape position = part.offset;
  for (bool more = true; more;) {
    std::memcpy(target + indexIn(to, position) * elemBytes,
                source + indexIn(from, position) * elemBytes, run);
    more = false;
    for (size_t d = rank ? rank - 1 : 0; d-- > 0;) {
      if (++position[d] < part.offset[d] + part.extent[d]) {
        more = true;
        break;
      }
      position[d] = part.offset[d];
    }
  }
}

} // namespace sigma::runtime
