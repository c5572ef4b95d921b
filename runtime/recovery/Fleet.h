// The hosts of a job, what is known about them, and which of them a run gets.
#ifndef SIGMA_RUNTIME_RECOVERY_FLEET_H
#define SIGMA_RUNTIME_RECOVERY_FLEET_H

#include "runtime/Runtime.h"
#include "runtime/recovery/Hosts.h"
#include "runtime/recovery/Judgement.h"
#include "runtime/recovery/Nodes.h"
#include "runtime/recovery/Validation.h"

#include <optional>
#include <string>
#include <vector>

namespace sigma::runtime {

/// Empty where no hosts are stated: then the ranks are where mpirun puts them, and nothing is
/// known.
class Fleet {
public:
  /// Throws UserError for hosts that cannot hold the ranks. `scratch`: path of a file on all hosts.
  Fleet(Runtime &rt, const std::string &scratch, Validation::Command command);

  bool isEmpty() const { return hosts.empty(); }

  /// Validates those that are new, and those that were left out where the others do not suffice;
  /// gives the run's, with fewer slots than ranks where not enough are good.
  std::vector<Host> choose();
  bool suffices(const std::vector<Host> &chosen) const;

  /// The node of a rank, by where `choose` put it; nothing where that is not known.
  std::optional<std::string> nodeOf(int64_t rank) const;
  /// A fault named a node of the run. True when it is a storm.
  bool blame(const std::string &node, const std::string &kind, const std::string &reason);
  /// Validates the run's, and leaves out those that fail. Gives those that do not answer.
  std::vector<std::string> loseSilent();
  /// A checkpoint was reached.
  void clear();
  /// True when so many have just failed in the same way that one cause is likely.
  bool isStorm() const { return storm; }

private:
  void validateAll(NodeState state);
  void validate(const std::vector<Host> &candidates);

  Runtime &rt;
  std::vector<Host> hosts, chosen;
  Nodes nodes;
  Validation validation;
  StormGuard guard;
  bool storm = false;
};

} // namespace sigma::runtime

#endif
