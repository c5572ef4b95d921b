// The programs of smaller plans that sigma build --fallback has put beside this one: what a
// supervised run starts while hosts are missing.
#ifndef SIGMA_RUNTIME_RECOVERY_FALLBACKS_H
#define SIGMA_RUNTIME_RECOVERY_FALLBACKS_H

#include "runtime/Runtime.h"

#include <string>
#include <vector>

namespace sigma::runtime {

struct RunnableProgram {
  std::string path;
  int64_t ranks;
};

std::string ownPath();

/// This program, and from the largest to the smallest those in folders fallback-N beside it, each
/// asked what it is. Throws UserError for one that does not start, or is of another job. `scratch`:
/// path of a file.
std::vector<RunnableProgram> findPrograms(const Runtime &rt, const std::string &scratch);

} // namespace sigma::runtime

#endif
