// The norm of the values of each layer: a model that collapses in the middle shows there long
// before its loss does. That norms rise with depth is an observation, no law: the run goes on.
#ifndef SIGMA_RUNTIME_HEALTH_LAYERNORMS_H
#define SIGMA_RUNTIME_HEALTH_LAYERNORMS_H

#include "runtime/abi/abi.h"

#include "runtime/List.h"

#include <vector>

namespace sigma::runtime {

struct Valley {
  int64_t layer = -1;
  double depth = 0; // share of the lower of its two sides that is missing
};

/// The deepest: a layer that is lower than some layer before it and some layer behind it. Without
/// three layers there is none.
Valley deepestValley(const List<double> &norms);

class LayerNorms {
public:
  /// Less is usual: norms rise with depth, but for noise at the ends.
  static constexpr double kDepth = 0.2;

  /// Collective. Rank 0 logs the norms of all layers over those that they had at the first step, in
  /// expectation, and the fault `layer-collapse` where a valley in them is new or deeper.
  void check(sigma_rt rt);

private:
  double told = 0; // depth of the valley that the log has last named
};

} // namespace sigma::runtime

#endif
