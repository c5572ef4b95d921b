#include "runtime/List.h"

#include <memory_resource>

namespace sigma::runtime {

/// Not destroyed: lists of other static objects may outlive it.
static std::pmr::memory_resource &pools() {
  static auto *pools = new std::pmr::synchronized_pool_resource(
      {/*max_blocks_per_chunk=*/0, /*largest_required_pool_block=*/1 << 20});
  return *pools;
}

void *takeListMemory(size_t bytes, size_t alignment) { return pools().allocate(bytes, alignment); }
void giveListMemory(void *memory, size_t bytes, size_t alignment) {
  pools().deallocate(memory, bytes, alignment);
}

} // namespace sigma::runtime
