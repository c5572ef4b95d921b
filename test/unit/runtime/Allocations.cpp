#include "test/unit/runtime/Allocations.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

static std::atomic<int64_t> count = 0;

int64_t allocations() { return count; }

void *operator new(size_t bytes, std::align_val_t alignment) {
  ++count;
  void *memory = nullptr;
  if (posix_memalign(&memory, std::max(size_t(alignment), sizeof(void *)), bytes) != 0)
    throw std::bad_alloc();
  return memory;
}
void *operator new(size_t bytes) {
  return operator new(bytes, std::align_val_t(alignof(max_align_t)));
}
void operator delete(void *memory) noexcept { std::free(memory); }
void operator delete(void *memory, size_t) noexcept { std::free(memory); }
void operator delete(void *memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void *memory, size_t, std::align_val_t) noexcept { std::free(memory); }
