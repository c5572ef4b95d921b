// The hosts of a job, what is known about them, and which of them a run gets.
#ifndef SIGMA_RUNTIME_RECOVERY_FLEET_H
#define SIGMA_RUNTIME_RECOVERY_FLEET_H

#include "runtime/Runtime.h"
#include "runtime/recovery/Hosts.h"
#include "runtime/recovery/Judgement.h"
#include "runtime/recovery/Nodes.h"
#include "runtime/recovery/Validation.h"

#include <future>
#include <optional>
#include <string>
#include <vector>

namespace sigma::runtime {

/// What a run gets.
struct Choice {
  int64_t ranks; // 0: the hosts that are left do not suffice for any plan
  std::vector<Host> hosts;
};

/// Empty where no hosts are stated: then the ranks are where mpirun puts them, and nothing is
/// known.
class Fleet {
public:
  /// `sizes`: the ranks of the plan and of its fallbacks, the most first. Throws UserError for
  /// hosts that cannot hold the first. `scratch`: path of a file on all hosts.
  Fleet(Runtime &rt, std::vector<int64_t> sizes, const std::string &scratch,
        Validation::Command command);
  ~Fleet() { endLook(); }

  bool isEmpty() const { return hosts.empty(); }

  /// Validates those that are new, and those that were left out where the others do not suffice for
  /// the first size; gives the largest that the good ones hold.
  Choice choose();

  /// Beside a run of a smaller size: looks from time to time, in a thread, which of those that were
  /// left out answer again. True when these would make a larger size possible.
  bool mayGrow();
  /// The run has ended.
  void endLook();

  /// The node of a rank, by where `choose` put it; nothing where that is not known.
  std::optional<std::string> nodeOf(int64_t rank) const;
  /// A fault named a node of the run. True when it is a storm.
  bool blame(const std::string &node, const std::string &kind, const std::string &reason);
  /// The next runs go on without it.
  void leaveOut(const std::string &node, const std::string &reason) { nodes.cordon(node, reason); }
  /// Validates the run's, and leaves out those that fail. Gives those that do not answer.
  std::vector<std::string> loseSilent();
  /// A checkpoint was reached.
  void clear();
  /// True when so many have just failed in the same way that one cause is likely.
  bool isStorm() const { return storm; }

private:
  std::vector<Host> inState(NodeState state);
  std::vector<Host> usable(int64_t ranks);
  bool chooseFor(int64_t ranks);
  bool growsWith(const std::vector<Host> &back);
  void validateAll(NodeState state);
  void validate(const std::vector<Host> &candidates);

  Runtime &rt;
  std::vector<int64_t> sizes;
  std::vector<Host> hosts, chosen;
  Nodes nodes;
  Validation validation;
  StormGuard guard;
  bool storm = false;
  std::future<std::vector<Host>> look;
  int64_t lookedNs = 0;
  double lookPauseS; // longer and longer where what seemed good was not
};

} // namespace sigma::runtime

#endif
