//===- BufferLayoutTest.cpp - the order in which buffers take their places ===//

#include "passes/BufferLayout.h"
#include "gtest/gtest.h"
#include <algorithm>
#include <vector>

using mlir::sigma::BufferLayout;

namespace {

struct Buffer {
  int64_t lines, begin, end; // lines of 64 bytes
};

int64_t mostAtOnce(const std::vector<Buffer> &buffers) {
  int64_t most = 0;
  for (const Buffer &at : buffers) {
    int64_t lines = 0;
    for (const Buffer &buffer : buffers)
      lines += buffer.begin <= at.begin && at.begin <= buffer.end ? buffer.lines : 0;
    most = std::max(most, lines);
  }
  return most;
}

void expectApart(const BufferLayout &layout, const std::vector<Buffer> &buffers) {
  for (size_t i = 0; i < buffers.size(); ++i)
    for (size_t j = 0; j < i; ++j) {
      const bool meet = buffers[i].begin <= buffers[j].end && buffers[j].begin <= buffers[i].end;
      EXPECT_TRUE(!meet || layout.offset(i) + 64 * buffers[i].lines <= layout.offset(j) ||
                  layout.offset(j) + 64 * buffers[j].lines <= layout.offset(i));
    }
}

// No buffer overlaps another that is alive with it, and the region is as small as it can be: in
// each case, one of the orders alone finds that, or one of them once it is mended.
TEST(BufferLayout, NeedsNoMoreThanIsAliveAtOnce) {
  const std::vector<Buffer> bySize = {{4, 4, 4}, {2, 0, 4}, {1, 2, 3}, {3, 0, 3}};
  const std::vector<Buffer> byBreadth = {{3, 2, 4}, {2, 4, 4}, {3, 4, 4}, {4, 0, 2}};
  const std::vector<Buffer> byArea = {{3, 3, 3}, {3, 0, 0}, {1, 0, 2}, {3, 2, 3}};
  const std::vector<Buffer> byLifetime = {{4, 3, 3}, {4, 5, 5}, {3, 2, 5}, {3, 4, 5}, {2, 1, 4}};
  const std::vector<Buffer> byLongestOfBreadth = {{4, 4, 5}, {2, 3, 5}, {4, 1, 2},
                                                  {1, 1, 3}, {1, 0, 2}, {2, 2, 5}};
  for (const std::vector<Buffer> &buffers :
       {bySize, byBreadth, byArea, byLifetime, byLongestOfBreadth}) {
    BufferLayout layout;
    for (const Buffer &buffer : buffers)
      layout.add(64 * buffer.lines, buffer.begin, buffer.end);
    layout.pack();
    EXPECT_EQ(layout.bytes(), 64 * mostAtOnce(buffers));
    expectApart(layout, buffers);
  }
}

// No order finds what is least here; with those that last in a region of their own, it is.
TEST(BufferLayout, ThoseThatLastMayLieApart) {
  using Stay = BufferLayout::Stay;
  const std::vector<Buffer> buffers = {{2, 0, 6}, {1, 4, 10}, {4, 3, 5},
                                       {2, 5, 5}, {3, 5, 7},  {5, 6, 6}};
  for (const auto &[stay, lines] : {std::pair(Stay::Short, 13), {Stay::Lasting, 12}}) {
    BufferLayout layout;
    for (size_t i = 0; i < buffers.size(); ++i)
      layout.add(64 * buffers[i].lines, buffers[i].begin, buffers[i].end,
                 i < 2 ? stay : Stay::Short);
    layout.pack();
    EXPECT_EQ(layout.bytes(), 64 * lines);
    expectApart(layout, buffers);
  }
  EXPECT_EQ(mostAtOnce(buffers), 12);
}

} // namespace
