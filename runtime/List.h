// Lists that a step makes and drops: of messages, parts, counts. Their memory is kept for the next,
// so that a step asks the system for none.
#ifndef SIGMA_RUNTIME_LIST_H
#define SIGMA_RUNTIME_LIST_H

#include <cstddef>
#include <vector>

namespace sigma::runtime {

void *takeListMemory(size_t bytes, size_t alignment);
void giveListMemory(void *memory, size_t bytes, size_t alignment);

template <class T>
struct ListAllocator {
  using value_type = T;

  ListAllocator() = default;
  template <class U>
  ListAllocator(const ListAllocator<U> &) {}

  T *allocate(size_t n) { return static_cast<T *>(takeListMemory(n * sizeof(T), alignof(T))); }
  void deallocate(T *memory, size_t n) { giveListMemory(memory, n * sizeof(T), alignof(T)); }

  template <class U>
  bool operator==(const ListAllocator<U> &) const {
    return true;
  }
  template <class U>
  bool operator!=(const ListAllocator<U> &) const {
    return false;
  }
};

template <class T>
using List = std::vector<T, ListAllocator<T>>;

} // namespace sigma::runtime

#endif
