//===- BufferLayout.h - offsets for buffers with known lifetimes --*- C++ -*-===//

#ifndef PASSES_BUFFERLAYOUT_H
#define PASSES_BUFFERLAYOUT_H

#include <cstdint>
#include <vector>

namespace mlir::sigma {

/// Packs buffers into one region such that buffers alive at the same time do not overlap: the
/// largest first, each at the lowest offset that is free over its whole lifetime ("greedy by size",
/// Pisarchyk and Lee 2020).
class BufferLayout {
public:
  /// A buffer that is alive from op `begin` to op `end`, both included. Returns its number.
  int64_t add(int64_t bytes, int64_t begin, int64_t end);
  void pack();

  int64_t offset(int64_t buffer) const { return buffers[buffer].offset; }
  /// Size of the region.
  int64_t bytes() const { return regionBytes; }

private:
  struct Buffer {
    int64_t bytes, begin, end, offset;
  };

  int64_t lowestFreeOffset(const Buffer &buffer, const std::vector<const Buffer *> &byOffset) const;

  std::vector<Buffer> buffers;
  int64_t regionBytes = 0;
};

} // namespace mlir::sigma

#endif
