//===- BufferLayout.h - offsets for buffers with known lifetimes --*- C++ -*-===//

#ifndef PASSES_BUFFERLAYOUT_H
#define PASSES_BUFFERLAYOUT_H

#include <cstdint>
#include <vector>

namespace mlir::sigma {

/// Packs buffers into one region such that buffers alive at the same time do not overlap. One after
/// the other takes the lowest offset that is free over its whole lifetime, in the order that takes
/// least: the largest first; those of the op with most alive first ("greedy by size" and "by
/// breadth", Pisarchyk and Lee 2020); those with most bytes times lifetime first. Where all of
/// these leave gaps, the order is mended: again and again the buffer that ends highest goes first
/// ("squeaky wheel", Joslin and Clements 1999). Where gaps stay, those that last are tried in a
/// region of their own, below the others.
class BufferLayout {
public:
  /// One of those that take turns, and one that is there while many of these come and go.
  enum class Stay { Short, Lasting };

  /// A buffer that is alive from op `begin` to op `end`, both included. Returns its number.
  int64_t add(int64_t bytes, int64_t begin, int64_t end, Stay stay = Stay::Short);
  void pack();

  int64_t offset(int64_t buffer) const { return packing.offsets[buffer]; }
  /// Size of the region.
  int64_t bytes() const { return packing.bytes; }
  /// What is alive during each op: no region is smaller than the most of these.
  std::vector<int64_t> aliveBytes() const;

private:
  struct Buffer {
    int64_t bytes, begin, end;
    Stay stay;
  };
  struct Packing {
    std::vector<int64_t> offsets; // by buffer
    int64_t bytes = 0;
  };
  using Order = std::vector<int64_t>; // of buffers

  static bool isLasting(const Buffer &buffer) { return buffer.stay == Stay::Lasting; }

  template <class Weight>
  Order heaviestFirst(Weight weight) const;
  Order bySize() const;
  Order byArea() const;
  Order byLifetime() const;
  /// Of the buffers that are alive with the most others those first that are first in `left`.
  Order byBreadth(Order left) const;
  Packing packed(const Order &order) const;
  Packing packedApart() const;
  int64_t highest(const Packing &packing) const;
  /// Keeps what takes less; tells whether nothing could.
  bool improve(Packing other);
  bool mend(Order order);
  int64_t lowestFreeOffset(const Buffer &buffer, const Packing &packing,
                           const Order &byOffset) const;

  std::vector<Buffer> buffers;
  Packing packing;
  int64_t leastBytes = 0;
};

} // namespace mlir::sigma

#endif
