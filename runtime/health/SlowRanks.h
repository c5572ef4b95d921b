// Finds ranks that compute more slowly than those with the same work, or than they did themselves.
// One such rank makes all wait for it.
#ifndef SIGMA_RUNTIME_HEALTH_SLOWRANKS_H
#define SIGMA_RUNTIME_HEALTH_SLOWRANKS_H

#include "runtime/List.h"

#include <cstdint>
#include <string>
#include <vector>

namespace sigma::runtime {

/// One rank, in the windows of which it was slow.
struct SlowRank {
  int rank;
  double ofPeers;  // its time of computing over the median of its stage; 0 without three ranks
  double ofItself; // over that of its fastest window, and over the median of this of all ranks
};

class SlowRanks {
public:
  /// Steps of a window: long enough for uneven routing to average out.
  static constexpr int64_t kWindow = 20;

  /// `stages`: of each rank. A rank is slow at `factor` times what it is compared with.
  SlowRanks(std::vector<int64_t> stages, double factor)
      : stages(std::move(stages)), factor(factor) {}

  /// The seconds that each rank computed in a step. Returns the ranks that have now been slow for
  /// two windows, each once as long as it stays so.
  std::vector<SlowRank> add(const List<double> &computeSeconds);

private:
  std::vector<SlowRank> judge() const;
  double medianOfStage(int64_t stage) const;
  std::vector<double> againstThemselves() const;

  std::vector<int64_t> stages;
  double factor;
  int64_t steps = 0;
  std::vector<double> sums, fastest;
  std::vector<int> slowWindows; // in a row
};

} // namespace sigma::runtime

#endif
