#include "runtime/health/Guards.h"
#include "runtime/Runtime.h"
#include "runtime/health/Fault.h"
#include "runtime/health/Replicas.h"

#include <cmath>

namespace sigma::runtime {

void guardNumbers(sigma_rt rt) {
  const StepState &step = rt->step;
  const char *what = !std::isfinite(step.loss)           ? "the loss"
                     : !std::isfinite(step.balanceLoss)  ? "the balance loss"
                     : !std::isfinite(step.gradientNorm) ? "the gradient norm"
                                                         : nullptr;
  if (!what)
    return;
  if (rt->options.checkInterval > 0)
    checkState(rt); // the reason may be one rank's wrong number, which is then named
  faultTogether(rt, "non-finite",
                std::string(what) + " of step " + std::to_string(step.number()) +
                    " is not finite; the update was not applied (loss " +
                    std::to_string(step.loss) + ", balance loss " +
                    std::to_string(step.balanceLoss) + ", gradient norm " +
                    std::to_string(step.gradientNorm) + ")",
                SIGMA_EXIT_FAULT);
}

void checkState(sigma_rt rt) {
  checkReplicas(rt);
  rt->values.check(rt);
  rt->layerNorms.check(rt);
}

} // namespace sigma::runtime
