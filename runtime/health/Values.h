// Finds values that no update of the optimizer can have made: AdamW moves a value by a bounded
// amount, whatever the gradients are, so a larger one is a wrong number of the hardware.
#ifndef SIGMA_RUNTIME_HEALTH_VALUES_H
#define SIGMA_RUNTIME_HEALTH_VALUES_H

#include "runtime/abi/abi.h"

#include <cstdint>
#include <vector>

namespace sigma::runtime {

struct Optimizer;

/// The most that |m'| / sqrt(v') of AdamW (Loshchilov & Hutter 2019, algorithm 2) can be in step t,
/// which is from 1. By the Cauchy-Schwarz inequality, of m = (1 - b1) sum b1^i g_i and
/// v = (1 - b2) sum b2^i g_i^2:
///   (1 - b1) / (1 - b1^t) sqrt((1 - b2^t) / (1 - b2)) sqrt(sum_{i < t} (b1^2 / b2)^i)
double largestStep(double beta1, double beta2, int64_t t);

class ValueWatch {
public:
  /// Remembers the values that a run starts from.
  void start(sigma_rt rt);
  /// Local, once per step and once per biases of a router.
  void optimizerMoves(const Optimizer &optimizer, double learningRate, int64_t step);
  void biasMoves(double rate) { moved += rate; }
  /// Collective. Ends the run with the fault `value-jumped`, which names the rank and the tensor.
  void check(sigma_rt rt);

private:
  std::vector<double> largest; // of each of the rank's tensors, at the last check
  double moved = 0;            // the most by which a value can have grown since then
};

} // namespace sigma::runtime

#endif
