// The file by which a run tells its supervisor how it ended. mpirun's own exit status says too
// little: it is 0 after a lost rank in some modes, and a signal's number in others.
#ifndef SIGMA_RUNTIME_RECOVERY_ENDMARKER_H
#define SIGMA_RUNTIME_RECOVERY_ENDMARKER_H

#include <string>

namespace sigma::runtime {

/// Writes the marker whole; an empty path does nothing.
void writeEndMarker(const std::string &path, int status, const std::string &reason);

/// False when there is no (whole) marker: the run died.
bool readEndMarker(const std::string &path, int &status, std::string &reason);

} // namespace sigma::runtime

#endif
