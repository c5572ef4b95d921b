// The file by which a run tells its supervisor how it ended. mpirun's own exit status says too
// little: it is 0 after a lost rank in some modes, and a signal's number in others.
#ifndef SIGMA_RUNTIME_RECOVERY_ENDMARKER_H
#define SIGMA_RUNTIME_RECOVERY_ENDMARKER_H

#include <cstdint>
#include <optional>
#include <string>

namespace sigma::runtime {

struct EndMarker {
  int status;
  std::string kind; // as in the log's faults; "done" without one
  std::string reason;
  int64_t step = -1, rank = -1; // where it was; -1: unknown
};

/// Writes the marker whole; an empty path does nothing. The first marker of a run stays: later ones
/// are of ranks that saw the job end.
void writeEndMarker(const std::string &path, const EndMarker &marker);

/// Nothing when there is no (whole) marker: the run died.
std::optional<EndMarker> readEndMarker(const std::string &path);

} // namespace sigma::runtime

#endif
