#include "runtime/repair/Epoch.h"

#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace sigma::runtime {
namespace {

constexpr size_t kStackBytes = 64 << 20; // of addresses; memory is what is touched of it

ucontext_t outside, inside;
const std::function<void()> *current = nullptr;
bool isDone = false;

void begin() {
  (*current)();
  isDone = true; // and the context that is linked goes on
}

/// With a page below it that nobody may touch.
char *newStack() {
  void *memory = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED)
    throw std::system_error(errno, std::generic_category(), "the stack of an epoch");
  mprotect(memory, size_t(sysconf(_SC_PAGESIZE)), PROT_NONE);
  return static_cast<char *>(memory);
}

} // namespace

bool runEpoch(const std::function<void()> &work) {
  char *stack = newStack();
  getcontext(&inside);
  inside.uc_stack.ss_sp = stack;
  inside.uc_stack.ss_size = kStackBytes;
  inside.uc_link = &outside;
  makecontext(&inside, begin, 0);
  current = &work;
  isDone = false;
  swapcontext(&outside, &inside);
  if (isDone)
    munmap(stack, kStackBytes);
  return isDone;
}

void abandonEpoch() {
  setcontext(&outside);
  std::abort();
}

} // namespace sigma::runtime
