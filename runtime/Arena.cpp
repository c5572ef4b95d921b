#include "runtime/Arena.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

namespace sigma::runtime {

constexpr int kPoison = 0xff;

Arena::~Arena() { std::free(memory); }

void Arena::allocate(int64_t bytes) {
  constexpr size_t kLargePage = 2 << 20;
  const int64_t physical = int64_t(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  void *block = nullptr;
  // Beyond the physical memory the allocation would succeed and the kernel would kill a rank later,
  // without a reason.
  if (bytes > physical || posix_memalign(&block, kLargePage, std::max<int64_t>(bytes, 64)) != 0)
    throw std::runtime_error("cannot allocate " + std::to_string(bytes) +
                             " bytes: this machine has " + std::to_string(physical) +
                             " bytes of memory; plan for more ranks or a smaller micro-batch");
  madvise(block, bytes, MADV_HUGEPAGE);
  std::memset(block, 0, bytes); // touched now, so that no step pays for page faults
  memory = static_cast<char *>(block);
  size = bytes;
}

void Arena::poison(int64_t begin) { std::memset(memory + begin, kPoison, size - begin); }

int64_t Arena::touchedEnd(int64_t begin) const {
  int64_t end = size;
  while (end > begin && static_cast<unsigned char>(memory[end - 1]) == kPoison)
    --end;
  return end;
}

} // namespace sigma::runtime
