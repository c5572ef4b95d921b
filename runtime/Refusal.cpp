#include "runtime/Refusal.h"
#include "runtime/Options.h"

#include <unistd.h>

#include <cstdio>

namespace sigma::runtime {

constexpr unsigned kPatienceSeconds = 5;

void sayRefusal(const std::string &message) {
  const int rank = launchRank();
  if (rank == 0) {
    std::fprintf(stderr, "train: error: %s\n", message.c_str());
    return;
  }
  sleep(kPatienceSeconds);
  std::fprintf(stderr, "train: error: rank %d: %s\n", rank, message.c_str());
}

} // namespace sigma::runtime
