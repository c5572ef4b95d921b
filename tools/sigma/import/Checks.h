//===- Checks.h - what a configuration must not say ---------------*- C++ -*-===//

#ifndef TOOLS_SIGMA_IMPORT_CHECKS_H
#define TOOLS_SIGMA_IMPORT_CHECKS_H

#include "tools/sigma/import/Family.h"

namespace sigma::config {

/// Refuses what sigma has no word for, whatever the architecture.
void refuseForeign(Fields &fields);

/// Refuses what the architecture may have and sigma has no word for; warns of what sigma says
/// otherwise.
void checkFixedFields(const Family &family, Fields &fields);

/// Refuses or names the keys that nobody read, in every object that fields were taken from. Returns
/// the paths of those that say nothing about the architecture.
std::vector<std::string> checkUnread(const Family &family, const Record &record,
                                     Diagnostics &diagnostics);

} // namespace sigma::config

#endif
