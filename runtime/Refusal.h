// How a process says that it will not run.
#ifndef SIGMA_RUNTIME_REFUSAL_H
#define SIGMA_RUNTIME_REFUSAL_H

#include <string>

namespace sigma::runtime {

/// Says it on standard error. All ranks of a job mostly refuse for one reason, and the launcher
/// ends the job, with all that others were about to say, when the first of them leaves. So rank 0
/// speaks at once, and another rank only when it is still there some seconds later: then the reason
/// is its own.
void sayRefusal(const std::string &message);

} // namespace sigma::runtime

#endif
