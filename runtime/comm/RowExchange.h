// Rows that go between the ranks of a group: all at once, or while the rank computes. Then, as with
// the sums of Nonblocking.h, there is no thread for them: the program and those that wait look at
// them now and then. Bits are the same.
#ifndef SIGMA_RUNTIME_COMM_ROWEXCHANGE_H
#define SIGMA_RUNTIME_COMM_ROWEXCHANGE_H

#include "runtime/comm/Exchange.h"

#include <cstdint>
#include <deque>
#include <optional>

namespace sigma::runtime {

/// Copies rows between the order in which they come from other ranks (rank, then expert) and that
/// of experts (expert, then rank).
struct RowOrder {
  const int32_t *table; // rows from each rank for each expert
  Parts arrivals;       // of each rank
  int64_t experts, rowBytes;
  const char *from;
  char *to;
  enum class Way { ToExperts, ToRanks } way;

  void apply() const;
};

/// Blocks of rows, from each rank of a group to each, one block after the other.
class RowExchange {
public:
  RowExchange(sigma_rt rt, const Group &group, SpanKind kind, int64_t elem, int64_t width);

  /// Where what is summed arrives.
  void setWorkspace(void *memory, int64_t bytes);
  void copy(const void *from, Parts sent, void *to, Parts received);
  /// Of what all ranks have of this rank's rows, the sum in their order.
  void sum(const void *from, Parts whole, void *to);
  /// Puts the rows in another order when all have arrived.
  void atEnd(const RowOrder &order) { last = order; }

  /// Until all is done.
  void run();

  /// Some rows of a block, from each rank to each.
  struct Step {
    size_t block;
    int64_t done; // rows before
    char *arrived = nullptr;
    List<MPI_Request> requests = {};
  };

  /// For steps of few bytes, `slots` of which are on their way at a time.
  void useSteps(int64_t bytesAtOnce, int slots);
  bool hasMore() const { return next < blocks.size(); }
  /// Posts the messages of the next step; there is room for it.
  Step post(Lane lane);
  bool isRoom() const { return onTheirWay < slots; }
  /// The messages of the oldest step have arrived.
  void finish(const Step &step);
  bool isDone() const { return !hasMore() && onTheirWay == 0; }
  void end() const;

  const SpanKind kind;

private:
  struct Block {
    const char *from;
    Parts sent;
    char *to;
    Parts received; // nothing, of sums
    int64_t most;   // rows from or to any rank
    bool isSum() const { return received.counts.empty(); }
  };

  int64_t rowBytes() const;
  int64_t ownRows(const Step &step) const;

  sigma_rt rt;
  const Group *group;
  int64_t elem, width;
  MPI_Datatype row;
  List<Block> blocks;
  std::optional<RowOrder> last;
  char *workspace = nullptr;
  int64_t room = 0; // rows of each rank in the workspace
  int64_t rowsAtOnce = INT64_MAX;
  int slots = 1, onTheirWay = 0, slot = 0;
  size_t next = 0; // block, of which `done` rows are posted
  int64_t done = 0;
};

/// One after the other; two steps are on their way.
class StartedRows {
public:
  void start(RowExchange exchange, const void *out);

  bool isIdle() const { return exchanges.empty(); }
  SpanKind kind() const { return exchanges.front().exchange.kind; }
  /// Whether there is something to go on with.
  bool hasArrived();
  /// Goes on as far as messages have arrived; waits for nobody.
  void progress(sigma_rt rt);
  /// For the rows that go to `out`.
  void waitFor(sigma_rt rt, const void *out);

private:
  struct Started {
    RowExchange exchange;
    const void *out;
    int64_t startNs;
  };

  void fill();
  void leaveDone(sigma_rt rt);
  bool isPending(const void *out) const;

  std::deque<Started, ListAllocator<Started>> exchanges;
  std::deque<RowExchange::Step, ListAllocator<RowExchange::Step>>
      steps; // of the first exchanges, on their way
};

} // namespace sigma::runtime

#endif
