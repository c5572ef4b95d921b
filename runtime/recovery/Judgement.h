// What is to be done about a fault: Faults.def as functions, and how often a run is tried again.
#ifndef SIGMA_RUNTIME_RECOVERY_JUDGEMENT_H
#define SIGMA_RUNTIME_RECOVERY_JUDGEMENT_H

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace sigma::runtime {

enum class FaultClass { Transient, Unknown, Permanent, Noted };

/// Nothing for a kind that Faults.def does not have.
std::optional<FaultClass> classOf(const std::string &kind);

/// The kind of a run that said nothing: by the exit status of mpirun, that of a shell where a
/// signal ended the rank.
std::string kindOfStatus(int status);

/// Counts restarts and lengthens the pauses between them as long as no new checkpoint is reached.
class Patience {
public:
  explicit Patience(int64_t mostRestarts) : most(mostRestarts) {}

  /// The seconds to wait before the next run; nothing when it is time to give up.
  std::optional<double> next(FaultClass kind, int64_t checkpoint);
  /// Without a new checkpoint.
  int64_t restarts() const { return attempts; }

private:
  int64_t most, attempts = 0, unknown = 0, reached = -1;
  double pauseS = 0;
};

/// Sees that the same fault strikes many nodes at once.
class StormGuard {
public:
  static constexpr int64_t kWindowNs = 3600 * int64_t(1000000000);

  explicit StormGuard(int64_t mostNodes) : most(mostNodes) {}
  /// True when `kind` has now struck that many nodes within the window.
  bool add(const std::string &kind, const std::string &node, int64_t nowNs);

private:
  int64_t most;
  std::map<std::string, std::map<std::string, int64_t>> lastNs; // by kind and node
};

/// What mpirun says about the rank whose end made it end the others.
struct LostRank {
  int64_t rank;
  std::string node;
};
std::optional<LostRank> lostRank(const std::string &said);

/// The rank that the reason of a fault accuses; not the one that found it.
std::optional<int64_t> accusedRank(const std::string &reason);

} // namespace sigma::runtime

#endif
