#include "runtime/Arena.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <system_error>

namespace sigma::runtime {

constexpr int kPoison = 0xff;

constexpr size_t kLargePage = 2 << 20;

static size_t roundedUp(size_t bytes) { return (bytes + kLargePage - 1) / kLargePage * kLargePage; }

/// Addresses of whole large pages, with no memory behind them; null where there are none.
static char *reserve(size_t bytes) {
  void *block = mmap(nullptr, bytes + kLargePage, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (block == MAP_FAILED)
    return nullptr;
  char *begin = reinterpret_cast<char *>(roundedUp(reinterpret_cast<uintptr_t>(block)));
  const size_t before = size_t(begin - static_cast<char *>(block));
  if (before > 0)
    munmap(block, before);
  munmap(begin + bytes, kLargePage - before);
  return begin;
}

Arena::~Arena() {
  if (memory)
    munmap(memory, mapped());
}

size_t Arena::mapped() const { return roundedUp(size_t(std::max<int64_t>(size, 1))); }

void Arena::allocate(int64_t bytes) {
  const int64_t physical = int64_t(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  size = bytes;
  // Beyond the physical memory the allocation would succeed and the kernel would kill a rank later,
  // without a reason.
  memory = bytes > physical ? nullptr : reserve(mapped());
  if (!memory || mprotect(memory, mapped(), PROT_READ | PROT_WRITE) != 0)
    throw std::runtime_error("cannot allocate " + std::to_string(bytes) +
                             " bytes: this machine has " + std::to_string(physical) +
                             " bytes of memory; plan for more ranks or a smaller micro-batch");
  madvise(memory, mapped(), MADV_HUGEPAGE);
  std::memset(memory, 0, bytes); // touched now, so that no step pays for page faults
}

void Arena::moveAway() {
  if (!memory)
    return;
  char *place = reserve(mapped());
  void *moved = place ? mremap(memory, mapped(), mapped(),
                               MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, place)
                      : MAP_FAILED;
  if (moved == MAP_FAILED)
    throw std::system_error(errno, std::generic_category(), "moving the arena to other addresses");
  memory = static_cast<char *>(moved);
}

void Arena::poison(int64_t begin) { std::memset(memory + begin, kPoison, size - begin); }

int64_t Arena::touchedEnd(int64_t begin) const {
  int64_t end = size;
  while (end > begin && static_cast<unsigned char>(memory[end - 1]) == kPoison)
    --end;
  return end;
}

} // namespace sigma::runtime
