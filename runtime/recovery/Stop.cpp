#include "runtime/recovery/Stop.h"

#include <csignal>
#include <initializer_list>

namespace sigma::runtime {

static volatile std::sig_atomic_t stopFlag = 0;

static void onSignal(int) { stopFlag = 1; }

void listenForStop() {
  // SIGUSR1 as well: mpirun passes it on to the ranks, while it answers SIGTERM by killing them.
  for (int signal : {SIGTERM, SIGINT, SIGUSR1})
    std::signal(signal, onSignal);
}

bool stopRequested() { return stopFlag != 0; }

} // namespace sigma::runtime
