//===- BufferLayout.cpp - offsets for buffers with known lifetimes --------===//

#include "passes/BufferLayout.h"
#include "passes/Transforms.h"
#include <algorithm>
#include <numeric>

using namespace mlir::sigma;

int64_t BufferLayout::add(int64_t bytes, int64_t begin, int64_t end) {
  buffers.push_back({alignOffset(bytes), begin, end, 0});
  return buffers.size() - 1;
}

int64_t BufferLayout::lowestFreeOffset(const Buffer &buffer,
                                       const std::vector<const Buffer *> &byOffset) const {
  int64_t candidate = 0;
  for (const Buffer *other : byOffset) {
    bool meets = other->begin <= buffer.end && buffer.begin <= other->end;
    if (!meets)
      continue;
    if (other->offset >= candidate + buffer.bytes)
      break;
    candidate = std::max(candidate, other->offset + other->bytes);
  }
  return candidate;
}

void BufferLayout::pack() {
  std::vector<int64_t> order(buffers.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return buffers[a].bytes > buffers[b].bytes; });
  std::vector<const Buffer *> byOffset;
  for (int64_t index : order) {
    Buffer &buffer = buffers[index];
    buffer.offset = lowestFreeOffset(buffer, byOffset);
    regionBytes = std::max(regionBytes, buffer.offset + buffer.bytes);
    auto position =
        std::upper_bound(byOffset.begin(), byOffset.end(), &buffer,
                         [](const Buffer *a, const Buffer *b) { return a->offset < b->offset; });
    byOffset.insert(position, &buffer);
  }
}
