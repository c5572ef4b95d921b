// What ranks do together, timed on the runtime's own paths.
#ifndef SIGMA_RUNTIME_PROFILE_LINKS_H
#define SIGMA_RUNTIME_PROFILE_LINKS_H

#include "runtime/Runtime.h"
#include "runtime/profile/Measure.h"

#include <string>
#include <vector>

namespace sigma::runtime {

struct ExchangeTime {
  std::string collective; // as planner/proto/profile.proto names it
  int64_t ranks, bytes;
  ExchangeTiming timing;
};

struct Level {
  std::string name;
  std::vector<ExchangeTime> exchanges;

  /// Relative standard deviation, and share of disturbed times, of an exchange in the middle.
  double jitter() const;
  double disturbed() const;

private:
  double medianOf(double ExchangeTiming::*figure) const;
};

/// Links inside hosts, and between hosts where there are several; all groups of ranks at once, as
/// in training. Nothing for one rank.
std::vector<Level> measureLinks(Runtime &rt, int64_t elem, bool quick);

} // namespace sigma::runtime

#endif
