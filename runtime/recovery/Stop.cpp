#include "runtime/recovery/Stop.h"

#include <csignal>
#include <initializer_list>

namespace sigma::runtime {

static volatile std::sig_atomic_t stopFlag = 0;

static void onSignal(int) { stopFlag = 1; }

/// SIGUSR1 as well: mpirun passes it on to the ranks, while it answers SIGTERM by killing them.
static constexpr std::initializer_list<int> kStopSignals = {SIGTERM, SIGINT, SIGUSR1};

void listenForStop() {
  // A handler's frame is written where the stack pointer is, and oneDNN's products keep theirs in
  // memory of the heap. So no thread that computes is interrupted: signals wait until they are
  // asked for, unless an older thread, of the MPI library, takes them.
  sigset_t blocked;
  sigemptyset(&blocked);
  for (int signal : kStopSignals) {
    std::signal(signal, onSignal);
    sigaddset(&blocked, signal);
  }
  pthread_sigmask(SIG_BLOCK, &blocked, nullptr); // threads that are made from here inherit it
}

bool stopRequested() {
  sigset_t waiting;
  sigemptyset(&waiting);
  sigpending(&waiting);
  for (int signal : kStopSignals)
    if (sigismember(&waiting, signal))
      return true;
  return stopFlag != 0;
}

} // namespace sigma::runtime
