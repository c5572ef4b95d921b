// The site's own command, told of each fault.
#ifndef SIGMA_RUNTIME_RECOVERY_HOOK_H
#define SIGMA_RUNTIME_RECOVERY_HOOK_H

#include "runtime/Log.h"

#include <string>

namespace sigma::runtime {

/// Runs `sh -c command` to its end, with the event, a line of JSON, as its standard input and its
/// kind in SIGMA_FAULT. A command that fails, or takes longer than half a minute, is reported and
/// changes nothing.
void tellSite(const std::string &command, const Json &event);

} // namespace sigma::runtime

#endif
