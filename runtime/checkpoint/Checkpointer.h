// Takes checkpoints of a running job: a copy of the state in the step's hook, the writing in the
// background, the commit at the end of a later step, when all ranks have said that their part is
// durable; rank 0 publishes it in the background.
#ifndef SIGMA_RUNTIME_CHECKPOINT_CHECKPOINTER_H
#define SIGMA_RUNTIME_CHECKPOINT_CHECKPOINTER_H

#include "runtime/Runtime.h"
#include "runtime/checkpoint/Folder.h"
#include "runtime/checkpoint/Manifest.h"
#include "runtime/checkpoint/Payload.h"
#include "runtime/checkpoint/RankFile.h"

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace sigma::runtime {

class Checkpointer {
public:
  /// Local. The tensors of `rt` have their places; the snapshot's memory is allocated now.
  Checkpointer(sigma_rt rt, const std::string &folder);
  ~Checkpointer();

  CheckpointFolder &folder() { return home; }
  /// The newest checkpoint known to be whole, on rank 0; 0 without one.
  int64_t lastStep() const { return committed; }
  void resumedFrom(int64_t step) { committed = step; }

  /// Whether this rank's part of a checkpoint in flight is durable (or has failed).
  bool written() const { return inFlight && writer.done(); }
  /// Every rank says so: the next hook commits.
  void allWritten(bool all) { commitDue = inFlight && all; }

  /// Whether the end of this step takes a checkpoint.
  bool isDue() const;
  /// Collective; called at the end of every step.
  void endOfStep();
  /// Gives up the checkpoint in flight: a rank is lost. Its files are left.
  void abandon();
  /// Collective; waits for the checkpoint in flight, until it is committed or given up.
  void finish();
  /// Collective; the state as it is, after step `done`. Rank 0 knows by `lastStep` whether it is
  /// whole.
  void save(int64_t done);

private:
  struct Item {
    Shard shard;
    int64_t arenaOffset, bufferOffset;
  };

  void addItems(const Tensor &tensor, const SavedState &state);
  void snapshot(int64_t done);
  void commit();
  Json ownReport();
  void commitReports(const std::vector<std::string> &reports);
  void publish(const std::vector<Json> &reports);
  void waitForPublisher();
  void giveUp(int64_t step, const std::string &reason);
  Manifest describe(const std::vector<Json> &reports) const;

  sigma_rt rt;
  CheckpointFolder home;
  std::vector<Item> items;
  Arena buffer;
  PayloadWriter writer;
  uint32_t dataCrc;

  std::thread publisher; // rank 0: makes a complete checkpoint durable and the newest
  std::atomic<int64_t> committed{0};

  bool inFlight = false, commitDue = false;
  // Of the checkpoint in flight.
  int64_t step = 0, stallNs = 0;
  std::string lossHex, error;
};

} // namespace sigma::runtime

#endif
