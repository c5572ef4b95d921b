// A checkpoint that must not be used. The loader says why and goes to the next older one.
#ifndef SIGMA_RUNTIME_CHECKPOINT_ERRORS_H
#define SIGMA_RUNTIME_CHECKPOINT_ERRORS_H

#include <stdexcept>

namespace sigma::runtime {

struct RejectedCheckpoint : std::runtime_error {
  using std::runtime_error::runtime_error;
};

} // namespace sigma::runtime

#endif
