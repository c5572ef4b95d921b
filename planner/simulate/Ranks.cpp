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

// std::max takes references, and with them a branch instead of an instruction.
static double larger(double a, double b) { return a > b ? a : b; }

void sigma::planner::drawFactors(Random &random, double cv, std::vector<double> &factors) {
  if (cv <= 0)
    return std::fill(factors.begin(), factors.end(), 1.0), void();
  random.normals(factors.data(), int64_t(factors.size()));
  double *factor = factors.data();
  for (size_t i = 0; i < factors.size(); ++i)
    factor[i] = larger(1 + cv * factor[i], 0);
}

void Ranks::advanceAll(const std::vector<double> &ns, const Span &span) {
  const int64_t n = count();
  if (spans)
    for (int64_t rank = 0; rank < n; ++rank)
      say(span.kind, span, rank, clocks[rank] + ns[rank]);
  double *clock = clocks.data();
  const double *more = ns.data();
  for (int64_t rank = 0; rank < n; ++rank)
    clock[rank] += more[rank];
}

void Ranks::meet(const Comm &comm, double hiddenNs, const std::vector<double> *loads, Span span) {
  const MeetingRanks &group = table.ranks[int(comm.meeting)];
  const int64_t extent = group.size * group.stride;
  span.kind = kindOf(comm.meeting, span.kind);
  drawFactors(random, group.linkCv, factors);
  if (loads)
    for (int64_t rank = 0; rank < count(); ++rank)
      factors[rank] = larger(factors[rank] + (*loads)[rank] - 1, 0);
  for (int64_t base = 0; base < count(); base += extent)
    for (int64_t first = base; first < base + group.stride; ++first)
      meetGroup(first, group, comm, hiddenNs, span);
}

void Ranks::meetGroup(int64_t first, const MeetingRanks &group, const Comm &comm, double hiddenNs,
                      const Span &span) {
  const int64_t end = first + group.size * group.stride, stride = group.stride;
  double *clock = clocks.data();
  const double *factor = factors.data();
  double last = clock[first];
  for (int64_t rank = first + stride; rank < end; rank += stride)
    last = larger(clock[rank], last);
  const double begin = last - hiddenNs, meanNs = comm.meanNs;
  if (spans)
    for (int64_t rank = first; rank < end; rank += stride) {
      const double until = begin + meanNs * factor[rank];
      wait(rank, std::min(begin, until), span);
      say(span.kind, span, rank, until);
    }
  for (int64_t rank = first; rank < end; rank += stride)
    clock[rank] = larger(begin + meanNs * factor[rank], clock[rank]);
}

void Ranks::say(Span::Kind kind, Span span, int64_t rank, double untilNs) {
  if (rank >= table.lockStep || untilNs <= clocks[rank])
    return;
  span.kind = kind;
  span.rank = rank;
  span.beginNs = clocks[rank];
  span.endNs = untilNs;
  spans->push_back(span);
}
