#include "planner/simulate/Ranks.h"

#include <algorithm>

using namespace sigma::planner;

double Ranks::slowest() const { return *std::max_element(clocks.begin(), clocks.end()); }

// Whoever shares parameters meets to gather or to reduce them, which the span says.
static Span::Kind kindOf(Meeting meeting, Span::Kind otherwise) {
  switch (meeting) {
  case Meeting::Tensor:
  case Meeting::ExpertTensor:
    return Span::Kind::Tensor;
  case Meeting::Context:
    return Span::Kind::Context;
  case Meeting::Expert:
    return Span::Kind::Exchange;
  default:
    return otherwise;
  }
}

void Ranks::meet(const Comm &comm, double hiddenNs, const std::vector<double> *loads, Span span) {
  const MeetingRanks &group = table.ranks[int(comm.meeting)];
  const int64_t extent = group.size * group.stride;
  span.kind = kindOf(comm.meeting, span.kind);
  for (int64_t base = 0; base < count(); base += extent)
    for (int64_t first = base; first < base + group.stride; ++first) {
      double last = clocks[first];
      for (int64_t rank = first + group.stride; rank < base + extent; rank += group.stride)
        last = std::max(last, clocks[rank]);
      const double begin = last - hiddenNs;
      for (int64_t rank = first; rank < base + extent; rank += group.stride) {
        const double load = loads ? (*loads)[rank] - 1 : 0;
        const double end = begin + comm.meanNs * std::max(0.0, factor(group.linkCv) + load);
        if (spans)
          wait(rank, std::min(begin, end), span);
        reach(rank, end, span);
      }
    }
}

void Ranks::say(Span::Kind kind, Span span, int64_t rank, double untilNs) {
  if (untilNs <= clocks[rank])
    return;
  span.kind = kind;
  span.rank = rank;
  span.beginNs = clocks[rank];
  span.endNs = untilNs;
  spans->push_back(span);
}
