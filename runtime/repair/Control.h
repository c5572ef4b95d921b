// A process's line to its supervisor: which epoch it is, who is which rank in it, and where to
// begin. Without spares there is no line, and one epoch only.
#ifndef SIGMA_RUNTIME_REPAIR_CONTROL_H
#define SIGMA_RUNTIME_REPAIR_CONTROL_H

#include "runtime/comm/Mesh.h"
#include "runtime/repair/Connection.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace sigma::runtime {

/// The variable in which ranks find their supervisor.
constexpr const char *kControlVariable = "SIGMA_CONTROL";

/// Steps of whole snapshots in a process's memory.
struct Kept {
  std::vector<int64_t> own, ward;
};

/// Where all ranks of an epoch begin.
struct Restart {
  int64_t step = -1;         // of the snapshots; -1: from the newest checkpoint, or the first step
  std::vector<int> newRanks; // that have no snapshot of their own
};

class Control {
public:
  /// To the supervisor that the environment names. Throws UserError where it does not answer.
  void connect();
  bool isOn() const { return on; }

  /// MPI is initialised.
  void joined();
  /// Waits until this process is a rank in a new epoch; nothing when the run is over.
  std::optional<Members> nextEpoch();
  /// How many ranks further the copies of a rank's snapshots are; 0: nowhere.
  int copyDistance() const { return distance; }
  /// Waits until every rank of the epoch says the same.
  Restart beginEpoch(const Kept &kept);
  void restored();
  /// Rank 0: the run is over, the spares can leave.
  void done();
  /// The job cannot be repaired.
  void giveUp();

  /// For those that wait: abandons the epoch when another has begun.
  void look();
  /// A message could not be sent or received: gives the supervisor time to see who is lost.
  void awaitRepair();

private:
  /// The next message; leaves this process where the supervisor is gone.
  Json await();
  void take(const Json &message);
  void leaveWithSupervisor() const;

  Connection line;
  bool on = false, over = false;
  int process = 0, distance = 0;
  int64_t epoch = -1;               // that this process is in, or was
  std::optional<Members> announced; // a newer one
};

} // namespace sigma::runtime

#endif
