// A request to stop (SIGTERM, SIGINT, SIGUSR1): the step in progress is finished and checkpointed
// first.
#ifndef SIGMA_RUNTIME_RECOVERY_STOP_H
#define SIGMA_RUNTIME_RECOVERY_STOP_H

namespace sigma::runtime {

/// From now on these signals ask instead of kill. Called by the thread that computes, before it
/// makes others.
void listenForStop();

bool stopRequested();

} // namespace sigma::runtime

#endif
