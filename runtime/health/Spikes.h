// Numbers that jump: a loss or a norm far above what it has been lately.
#ifndef SIGMA_RUNTIME_HEALTH_SPIKES_H
#define SIGMA_RUNTIME_HEALTH_SPIKES_H

#include "runtime/abi/abi.h"

#include <cstddef>
#include <cstdint>
#include <deque>

namespace sigma::runtime {

class SpikeWatch {
public:
  /// Steps that a number is compared with, and the fewest of them.
  static constexpr size_t kWindow = 64, kLeast = 20;

  explicit SpikeWatch(double factor) : factor(factor) {}

  /// How many times the largest of the window it is, where that is more than the factor; otherwise
  /// 0. A number that stays high is told once.
  double add(double value);

private:
  double factor;
  std::deque<double> window;
};

/// Of the numbers of steps. On rank 0, once per step: logs what jumps.
class StepSpikes {
public:
  void add(sigma_rt rt);

private:
  SpikeWatch loss{2}, gradientNorm{10};
};

} // namespace sigma::runtime

#endif
