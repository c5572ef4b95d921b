// Files that others read at any time: there is the old text or the new one.
#ifndef SIGMA_RUNTIME_WHOLEFILE_H
#define SIGMA_RUNTIME_WHOLEFILE_H

#include <string>

namespace sigma::runtime {

/// Replaces a file by rename; not durable. False where it cannot be written, with errno.
bool replaceFile(const std::string &path, const std::string &text);

} // namespace sigma::runtime

#endif
