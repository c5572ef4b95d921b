// The clocks of a stage's ranks, and what moves them.
#ifndef SIGMA_PLANNER_SIMULATE_RANKS_H
#define SIGMA_PLANNER_SIMULATE_RANKS_H

#include "planner/simulate/CellWork.h"
#include "planner/simulate/Random.h"
#include "planner/simulate/Span.h"

#include <algorithm>
#include <vector>

namespace sigma::planner {

// Spans of the first lock-step group, in whatever order they happen; null: nobody watches.
using Spans = std::vector<Span> *;

class Ranks {
public:
  Ranks(int64_t count, const MeetingTable &table, Random &random, Spans spans)
      : clocks(count, 0), table(table), random(random), spans(spans), factors(count) {}

  int64_t count() const { return int64_t(clocks.size()); }
  double slowest() const;

  void wait(int64_t rank, double untilNs, const Span &span) {
    if (untilNs <= clocks[rank])
      return;
    if (spans)
      say(Span::Kind::Wait, span, rank, untilNs);
    clocks[rank] = untilNs;
  }
  void advance(int64_t rank, double ns, const Span &span) {
    if (spans)
      say(span.kind, span, rank, clocks[rank] + ns);
    clocks[rank] += ns;
  }

  // Every rank by its own `ns`.
  void advanceAll(const std::vector<double> &ns, const Span &span);

  // Begins `hiddenNs` before the last of its group is there; who has a slower link, or more of the
  // group's tokens (`loads`, 1 on average; null: even), is done later.
  void meet(const Comm &comm, double hiddenNs, const std::vector<double> *loads, Span span);

  std::vector<double> clocks;

private:
  void meetGroup(int64_t first, const MeetingRanks &group, const Comm &comm, double hiddenNs,
                 const Span &span);
  void say(Span::Kind kind, Span span, int64_t rank, double untilNs);

  const MeetingTable &table;
  Random &random;
  Spans spans;
  std::vector<double> factors; // of one meeting, by rank
};

// 1 + cv z, z standard normal, but never negative.
void drawFactors(Random &random, double cv, std::vector<double> &factors);

} // namespace sigma::planner

#endif
