// The hosts that a supervised run may use.
#ifndef SIGMA_RUNTIME_RECOVERY_HOSTS_H
#define SIGMA_RUNTIME_RECOVERY_HOSTS_H

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace sigma::runtime {

struct Host {
  std::string name;
  int64_t slots; // ranks that it may have
};

/// Reads a host file as mpirun has it: a name on a line, `slots=N` behind it, or one slot; # begins
/// a comment. Throws UserError with the line that is wrong.
std::vector<Host> readHosts(const std::string &path);

/// The first hosts in the order of the file that may be used and together have a slot for each
/// rank; fewer where there are not as many.
std::vector<Host> chooseHosts(const std::vector<Host> &hosts, int64_t ranks,
                              const std::function<bool(const Host &)> &mayUse);

int64_t slotsOf(const std::vector<Host> &hosts);

/// Arguments of mpirun that put ranks on these hosts one after the other, each filled before the
/// next: as plans count devices. Empty for no hosts.
std::vector<std::string> mpirunArguments(const std::vector<Host> &hosts);

} // namespace sigma::runtime

#endif
