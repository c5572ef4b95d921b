// `sigma profile`: measures the machines that its ranks run on.
#ifndef SIGMA_RUNTIME_PROFILE_PROFILE_H
#define SIGMA_RUNTIME_PROFILE_PROFILE_H

#include <string>

namespace sigma::runtime {

struct ProfileOptions {
  std::string output;            // "-": standard output
  std::string kind;              // of the device; empty: its own name
  std::string precision = "f32"; // or f64, bf16
  bool quick = false;            // few sizes, for tests
};

/// On every rank of the job. Returns the exit status.
int measureProfile(const ProfileOptions &options, char *const *argv);

} // namespace sigma::runtime

#endif
