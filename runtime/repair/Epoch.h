// An epoch of a process: what it does from one loss of a rank to the next, on a stack of its own.
// A rank that is lost leaves the others in the middle of exchanges that will never end, whose
// buffers the messages of others may still reach. So nothing is unwound: the stack is left as it
// is, with all that stands on it, and never used again.
#ifndef SIGMA_RUNTIME_REPAIR_EPOCH_H
#define SIGMA_RUNTIME_REPAIR_EPOCH_H

#include <functional>

namespace sigma::runtime {

/// False when `work`, which throws nothing, was abandoned.
bool runEpoch(const std::function<void()> &work);

/// Called by `work`, however deep: ends the epoch at once.
[[noreturn]] void abandonEpoch();

} // namespace sigma::runtime

#endif
