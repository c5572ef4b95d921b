#include "runtime/comm/Nonblocking.h"
#include "runtime/Runtime.h"
#include "runtime/comm/Exchange.h"
#include "runtime/comm/FlatParts.h"
#include "runtime/comm/SumOfRanks.h"
#include "runtime/health/Fault.h"

#include <algorithm>

namespace sigma::runtime {
namespace {

constexpr size_t kOnTheirWay = 2;
// Tag 0 is that of other collectives.
constexpr Lane kCollect{1, kUnaskedBytes}, kGiveBack{2, kUnaskedBytes}, kGather{3, kUnaskedBytes};

using What = Started::What;

int64_t elementsPerLine(const Started &of) { return kLineBytes / elemBytes(of.elem); }

Parts partsOf(const Started &of, int64_t offset, int64_t length) {
  return partsInLines(of.n, of.part, of.group->size, elementsPerLine(of), offset, length);
}

SpanKind spanOf(const Started &of) {
  return of.what == What::Gather ? SpanKind::GatherParameters : SpanKind::ReduceGradients;
}

} // namespace

SpanKind NonblockingCollectives::kind() const { return spanOf(pieces.front().of); }

void NonblockingCollectives::start(sigma_rt rt, const Started &started) {
  waiting.push_back(started);
  fill(rt);
  progress(rt);
}

void NonblockingCollectives::fill(sigma_rt rt) {
  while (pieces.size() < kOnTheirWay && !waiting.empty()) {
    pieces.push_back(nextPiece());
    post(rt, pieces.back());
  }
}

NonblockingCollectives::Piece NonblockingCollectives::nextPiece() {
  const Started &of = waiting.front();
  Piece piece = of.what == What::Gather ? nextGather() : nextSum();
  piece.length = std::min(piece.length, of.part - offset);
  offset += piece.length;
  if (offset >= of.part) {
    waiting.pop_front();
    offset = 0;
  }
  return piece;
}

NonblockingCollectives::Piece NonblockingCollectives::nextGather() const {
  const Started &of = waiting.front();
  const int64_t lines = linesAtOnce(kUnaskedAtOnceBytes / int64_t(kOnTheirWay), of.group->size);
  return {of, offset, lines * elementsPerLine(of), nullptr, Stage::Gather};
}

NonblockingCollectives::Piece NonblockingCollectives::nextSum() {
  const Started &of = waiting.front();
  const int64_t halfBytes = of.workspaceBytes / 2 / kLineBytes * kLineBytes;
  const int64_t lines = halfBytes / kLineBytes / of.group->size;
  if (lines == 0)
    throw std::logic_error("start_reduce: the workspace holds less than two lines for each rank");
  char *collected = of.workspace + half * halfBytes;
  half = 1 - half;
  return {of, offset, lines * elementsPerLine(of), collected, Stage::Collect};
}

void NonblockingCollectives::post(sigma_rt rt, Piece &piece) {
  if (piece.stage == Stage::Gather)
    gather(rt, piece);
  else
    collect(rt, piece);
}

void NonblockingCollectives::collect(sigma_rt rt, Piece &piece) {
  const Started &of = piece.of;
  const Parts parts = partsOf(of, piece.offset, piece.length);
  const Parts arrived = Parts::equal(of.group->size, parts.counts[of.group->index]);
  piece.requests = startExchange(rt, *of.group, of.flat, parts, piece.collected, arrived,
                                 rt->mesh.line, kCollect)
                       .take();
}

void NonblockingCollectives::sum(sigma_rt rt, Piece &piece) {
  const Started &of = piece.of;
  const Parts parts = partsOf(of, piece.offset, piece.length);
  const int64_t own = parts.counts[of.group->index] * elementsPerLine(of);
  const bool adds = of.what == What::SumToOwn;
  char *to = adds ? piece.collected : of.flat + parts.begins[of.group->index] * kLineBytes;
  withWideElem(of.elem, [&](auto zero) {
    using T = decltype(zero);
    T *sums = reinterpret_cast<T *>(to);
    sumOfRanks(rt->kernels<T>(), reinterpret_cast<const T *>(piece.collected), of.group->size, own,
               sums);
    if (adds) {
      T *part = reinterpret_cast<T *>(of.own) + piece.offset;
      rt->kernels<T>().add(part, sums, part, own);
    }
  });
}

void NonblockingCollectives::gather(sigma_rt rt, Piece &piece) {
  const Started &of = piece.of;
  const Parts parts = partsOf(of, piece.offset, piece.length);
  const char *own = of.own ? of.own + piece.offset * elemBytes(of.elem) : nullptr;
  piece.stage = Stage::Gather;
  piece.requests = startGather(rt, *of.group, own, of.flat, parts, rt->mesh.line,
                               of.what == What::Gather ? kGather : kGiveBack)
                       .take();
}

bool NonblockingCollectives::hasArrived() {
  return !pieces.empty() && areDone(pieces.front().requests);
}

void NonblockingCollectives::progress(sigma_rt rt) {
  while (hasArrived()) {
    Piece &piece = pieces.front();
    if (piece.stage == Stage::Collect) {
      sum(rt, piece);
      if (piece.of.what == What::SumToAll) {
        gather(rt, piece);
        continue;
      }
    }
    if (piece.offset + piece.length >= piece.of.part)
      rt->trace.beside(spanOf(piece.of), piece.of.startNs);
    pieces.pop_front();
    fill(rt);
  }
}

bool NonblockingCollectives::isPending(const void *flat) const {
  return std::any_of(pieces.begin(), pieces.end(),
                     [&](const Piece &piece) { return piece.of.flat == flat; }) ||
         std::any_of(waiting.begin(), waiting.end(),
                     [&](const Started &started) { return started.flat == flat; });
}

void NonblockingCollectives::waitForAll(sigma_rt rt) {
  for (Waiting waiting(rt); progress(rt), !isIdle();)
    waiting.pause();
}

void NonblockingCollectives::waitFor(sigma_rt rt, const void *flat) {
  for (Waiting waiting(rt); progress(rt), isPending(flat);)
    waiting.pause();
}

} // namespace sigma::runtime

using namespace sigma::runtime;

void sigma_last_micro_batch(sigma_rt rt, sigma_i64 isLast) { rt->nonblocking.setLast(isLast); }

void sigma_start_reduce(sigma_rt rt, sigma_i64 elem, sigma_ptr flat, sigma_i64 n, sigma_i64 part,
                        sigma_i64 group, sigma_i64 gathers, sigma_ptr workspace,
                        sigma_i64 workspaceBytes) {
  guarded(rt, [&] {
    const Group &ranks = rt->mesh.group(group);
    if (!rt->nonblocking.isInLast() || ranks.size == 1)
      return;
    const CommScope scope(rt, SpanKind::ReduceGradients);
    rt->nonblocking.start(rt, {gathers ? What::SumToAll : What::Sum, elem,
                               static_cast<char *>(flat), n, part, &ranks, nowNs(),
                               /*own=*/nullptr, static_cast<char *>(workspace), workspaceBytes});
  });
}

void sigma_start_reduce_flat(sigma_rt rt, sigma_i64 elem, sigma_ptr flat, sigma_i64 n,
                             sigma_i64 part, sigma_i64 group, sigma_ptr own, sigma_ptr workspace,
                             sigma_i64 workspaceBytes) {
  guarded(rt, [&] {
    const CommScope scope(rt, SpanKind::ReduceGradients);
    rt->nonblocking.start(rt, {What::SumToOwn, elem, static_cast<char *>(flat), n, part,
                               &rt->mesh.group(group), nowNs(), static_cast<char *>(own),
                               static_cast<char *>(workspace), workspaceBytes});
  });
}

void sigma_start_gather(sigma_rt rt, sigma_i64 elem, sigma_ptr own, sigma_ptr flat, sigma_i64 n,
                        sigma_i64 part, sigma_i64 group) {
  guarded(rt, [&] {
    const CommScope scope(rt, SpanKind::GatherParameters);
    rt->nonblocking.start(rt, {What::Gather, elem, static_cast<char *>(flat), n, part,
                               &rt->mesh.group(group), nowNs(), static_cast<char *>(own)});
  });
}

/// As far as messages have arrived.
template <class Queue>
static void goOn(sigma_rt rt, Queue &queue) {
  if (queue.isIdle() || !queue.hasArrived())
    return;
  rt->trace.begin(queue.kind());
  queue.progress(rt);
  rt->trace.end();
}

void sigma_progress(sigma_rt rt) {
  if (rt->startedRows.isIdle() && rt->nonblocking.isIdle())
    return;
  guarded(rt, [&] {
    const int64_t start = nowNs();
    goOn(rt, rt->startedRows); // a layer waits for these
    goOn(rt, rt->nonblocking);
    rt->clock.communicationNs += nowNs() - start;
  });
}

void sigma_wait_reduce(sigma_rt rt) {
  guarded(rt, [&] {
    const CommScope scope(rt, SpanKind::ReduceGradients);
    rt->nonblocking.waitForAll(rt);
  });
}

static void waitFor(sigma_rt rt, sigma_ptr flat, SpanKind kind) {
  guarded(rt, [&] {
    const CommScope scope(rt, kind);
    rt->nonblocking.waitFor(rt, flat);
  });
}

void sigma_wait_gather(sigma_rt rt, sigma_ptr flat) {
  waitFor(rt, flat, SpanKind::GatherParameters);
}

void sigma_wait_reduce_flat(sigma_rt rt, sigma_ptr flat) {
  waitFor(rt, flat, SpanKind::ReduceGradients);
}
