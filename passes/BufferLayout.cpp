//===- BufferLayout.cpp - offsets for buffers with known lifetimes --------===//

#include "passes/BufferLayout.h"
#include "passes/Transforms.h"
#include <algorithm>
#include <iterator>
#include <limits>
#include <numeric>

using namespace mlir::sigma;

int64_t BufferLayout::add(int64_t bytes, int64_t begin, int64_t end, Stay stay) {
  buffers.push_back({alignOffset(bytes), begin, end, stay});
  return buffers.size() - 1;
}

template <class Weight>
BufferLayout::Order BufferLayout::heaviestFirst(Weight weight) const {
  Order order(buffers.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return weight(buffers[a]) > weight(buffers[b]); });
  return order;
}

BufferLayout::Order BufferLayout::bySize() const {
  return heaviestFirst([](const Buffer &buffer) { return buffer.bytes; });
}

BufferLayout::Order BufferLayout::byArea() const {
  return heaviestFirst(
      [](const Buffer &buffer) { return double(buffer.bytes) * (buffer.end - buffer.begin + 1); });
}

BufferLayout::Order BufferLayout::byLifetime() const {
  return heaviestFirst([](const Buffer &buffer) { return buffer.end - buffer.begin; });
}

std::vector<int64_t> BufferLayout::aliveBytes() const {
  int64_t numOps = 0;
  for (const Buffer &buffer : buffers)
    numOps = std::max(numOps, buffer.end + 1);
  std::vector<int64_t> alive(numOps, 0);
  for (const Buffer &buffer : buffers)
    for (int64_t op = buffer.begin; op <= buffer.end; ++op)
      alive[op] += buffer.bytes;
  return alive;
}

BufferLayout::Order BufferLayout::byBreadth(Order left) const {
  const std::vector<int64_t> alive = aliveBytes();
  std::vector<int64_t> ops(alive.size()); // those with most alive first
  std::iota(ops.begin(), ops.end(), 0);
  std::stable_sort(ops.begin(), ops.end(),
                   [&](int64_t a, int64_t b) { return alive[a] > alive[b]; });
  Order order;
  for (int64_t op : ops) {
    auto isAlive = [&](int64_t index) {
      return buffers[index].begin <= op && op <= buffers[index].end;
    };
    std::copy_if(left.begin(), left.end(), std::back_inserter(order), isAlive);
    left.erase(std::remove_if(left.begin(), left.end(), isAlive), left.end());
  }
  return order;
}

int64_t BufferLayout::lowestFreeOffset(const Buffer &buffer, const Packing &packing,
                                       const Order &byOffset) const {
  int64_t candidate = 0;
  for (int64_t index : byOffset) {
    const Buffer &other = buffers[index];
    bool meets = other.begin <= buffer.end && buffer.begin <= other.end;
    if (!meets)
      continue;
    if (packing.offsets[index] >= candidate + buffer.bytes)
      break;
    candidate = std::max(candidate, packing.offsets[index] + other.bytes);
  }
  return candidate;
}

BufferLayout::Packing BufferLayout::packed(const Order &order) const {
  Packing result;
  result.offsets.resize(buffers.size());
  Order byOffset;
  for (int64_t index : order) {
    const int64_t offset = lowestFreeOffset(buffers[index], result, byOffset);
    result.offsets[index] = offset;
    result.bytes = std::max(result.bytes, offset + buffers[index].bytes);
    auto position = std::upper_bound(
        byOffset.begin(), byOffset.end(), offset,
        [&](int64_t offset, int64_t other) { return offset < result.offsets[other]; });
    byOffset.insert(position, index);
  }
  return result;
}

BufferLayout::Packing BufferLayout::packedApart() const {
  BufferLayout lasting, others;
  auto layoutOf = [&](const Buffer &buffer) -> BufferLayout & {
    return isLasting(buffer) ? lasting : others;
  };
  std::vector<int64_t> numbers; // there
  for (const Buffer &buffer : buffers)
    numbers.push_back(layoutOf(buffer).add(buffer.bytes, buffer.begin, buffer.end));
  lasting.pack();
  others.pack();
  Packing result;
  for (size_t i = 0; i < buffers.size(); ++i)
    result.offsets.push_back(layoutOf(buffers[i]).offset(numbers[i]) +
                             (isLasting(buffers[i]) ? 0 : lasting.bytes()));
  result.bytes = lasting.bytes() + others.bytes();
  return result;
}

int64_t BufferLayout::highest(const Packing &packing) const {
  auto end = [&](int64_t index) { return packing.offsets[index] + buffers[index].bytes; };
  int64_t found = 0;
  for (int64_t index = 1; index < int64_t(buffers.size()); ++index)
    if (end(index) > end(found))
      found = index;
  return found;
}

bool BufferLayout::improve(Packing other) {
  if (other.bytes < packing.bytes)
    packing = std::move(other);
  return packing.bytes == leastBytes;
}

bool BufferLayout::mend(Order order) {
  constexpr int64_t kMostRounds = 512, kMostComparisons = int64_t(1) << 28;
  const int64_t numPairs = int64_t(order.size()) * int64_t(order.size());
  for (int64_t round = std::min(kMostRounds, kMostComparisons / numPairs); round > 0; --round) {
    Packing next = packed(order);
    const auto worst = std::find(order.begin(), order.end(), highest(next));
    std::rotate(order.begin(), worst, std::next(worst));
    if (improve(std::move(next)))
      return true;
  }
  return false;
}

void BufferLayout::pack() {
  if (buffers.empty())
    return;
  const std::vector<int64_t> alive = aliveBytes();
  leastBytes = *std::max_element(alive.begin(), alive.end());
  packing.bytes = std::numeric_limits<int64_t>::max();
  improve(packed(bySize())) || improve(packed(byBreadth(bySize()))) || improve(packed(byArea())) ||
      mend(byLifetime()) || mend(byBreadth(byLifetime()));
  const bool isAnyLasting = std::any_of(buffers.begin(), buffers.end(), isLasting);
  if (isAnyLasting && packing.bytes > leastBytes)
    improve(packedApart());
}
