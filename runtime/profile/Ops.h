// The ops that a profile times: each is a call of the ABI as generated programs make it.
#ifndef SIGMA_RUNTIME_PROFILE_OPS_H
#define SIGMA_RUNTIME_PROFILE_OPS_H

#include "runtime/profile/Measure.h"

#include <string>
#include <vector>

namespace sigma::runtime {

/// One op at one size.
struct OpCase {
  std::string op; // these three as planner/proto/profile.proto says
  std::vector<int64_t> point;
  int64_t amount;
  int64_t memoryBytes; // that one call touches
  std::function<void(sigma_rt, int64_t elem, char *memory)> run;
};

/// The points of an op form a grid. `quick`: few of them, for tests.
std::vector<OpCase> opCases(int64_t elem, bool quick);

/// A product of square matrices.
OpCase product(int64_t elem, int64_t size);

} // namespace sigma::runtime

#endif
