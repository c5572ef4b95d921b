#include "runtime/health/Spikes.h"
#include "runtime/Runtime.h"

#include <algorithm>
#include <cstdio>

namespace sigma::runtime {

double SpikeWatch::add(double value) {
  double ratio = 0;
  if (window.size() >= kLeast)
    if (const double largest = *std::max_element(window.begin(), window.end()); largest > 0)
      ratio = value / largest;
  window.push_back(value);
  if (window.size() > kWindow)
    window.pop_front();
  return ratio > factor ? ratio : 0;
}

static void say(sigma_rt rt, const char *kind, const char *what, double value, double ratio) {
  if (ratio == 0)
    return;
  char reason[160];
  std::snprintf(reason, sizeof reason,
                "%s of step %lld is %.4g, %.1f times the largest of the last %zu", what,
                static_cast<long long>(rt->step.number()), value, ratio, SpikeWatch::kWindow);
  rt->log.event("fault", {{"kind", kind}, {"step", rt->step.number()}, {"reason", reason}});
}

void StepSpikes::add(sigma_rt rt) {
  const StepState &step = rt->step;
  say(rt, "loss-spike", "the loss", step.loss, loss.add(step.loss));
  say(rt, "gradient-spike", "the gradient norm", step.gradientNorm,
      gradientNorm.add(step.gradientNorm));
}

} // namespace sigma::runtime
