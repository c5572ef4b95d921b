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

/// Of the box that has one element in dimensions before `dim`, which begin at `at.offset`.
static void addRun(const Box &at, size_t dim, int64_t begin, int64_t end, std::vector<Box> &boxes) {
  if (begin >= end)
    return;
  if (begin == 0 && end == at.elements()) {
    boxes.push_back(at);
    return;
  }
  const int64_t row = at.elements() / at.extent[dim];
  const auto rows = [&](int64_t first, int64_t count) {
    Box part = at;
    part.offset[dim] += first;
    part.extent[dim] = count;
    return part;
  };
  const int64_t first = begin / row, whole = (begin + row - 1) / row, last = end / row;
  if (first == last) // within one row
    return addRun(rows(first, 1), dim + 1, begin - first * row, end - first * row, boxes);
  if (first < whole)
    addRun(rows(first, 1), dim + 1, begin - first * row, row, boxes);
  if (whole < last)
    boxes.push_back(rows(whole, last - whole));
  if (last * row < end)
    addRun(rows(last, 1), dim + 1, 0, end - last * row, boxes);
}

std::vector<Box> boxesOfRun(const Box &box, int64_t begin, int64_t end) {
  std::vector<Box> boxes;
  addRun(box, 0, begin, end, boxes);
  return boxes;
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
