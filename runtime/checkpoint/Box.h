// Boxes of logical tensors. What a rank saved and what a rank wants are both boxes, so a checkpoint
// of one plan loads under another by intersecting them.
#ifndef SIGMA_RUNTIME_CHECKPOINT_BOX_H
#define SIGMA_RUNTIME_CHECKPOINT_BOX_H

#include <cstdint>
#include <vector>

namespace sigma::runtime {

using Shape = std::vector<int64_t>;

inline int64_t elementsOf(const Shape &shape) {
  int64_t n = 1;
  for (int64_t extent : shape)
    n *= extent;
  return n;
}

struct Box {
  Shape offset, extent;

  int64_t elements() const { return elementsOf(extent); }
  bool operator==(const Box &other) const {
    return offset == other.offset && extent == other.extent;
  }
};

/// Elements `begin` to `end` of a box, in row-major order, as boxes in that order: of each the
/// elements follow each other in the box's memory. Where it cuts through rows, these are several.
std::vector<Box> boxesOfRun(const Box &box, int64_t begin, int64_t end);

/// Whether the boxes have elements in common; these go to `common`. The boxes have one rank.
bool intersect(const Box &a, const Box &b, Box &common);

/// Copies the elements of `part` from the row-major memory of box `from` to that of box `to`; both
/// contain `part`.
void copyBox(const Box &from, const char *source, const Box &to, char *target, const Box &part,
             int64_t elemBytes);

} // namespace sigma::runtime

#endif
