#include "runtime/comm/Reductions.h"
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
constexpr Lane kCollect{1, kUnaskedBytes}, kGather{2, kUnaskedBytes};

int64_t elementsPerLine(const Reduction &reduction) {
  return kLineBytes / elemBytes(reduction.elem);
}

Parts partsOf(const Reduction &of, int64_t offset, int64_t length) {
  return partsInLines(of.n, of.part, of.group->size, elementsPerLine(of), offset, length);
}

} // namespace

void Reductions::start(sigma_rt rt, const Reduction &reduction) {
  if (!isLast || reduction.group->size == 1)
    return;
  waiting.push_back(reduction);
  fill(rt);
  progress(rt);
}

void Reductions::fill(sigma_rt rt) {
  while (pieces.size() < kOnTheirWay && !waiting.empty()) {
    pieces.push_back(nextPiece());
    collect(rt, pieces.back());
  }
}

Reductions::Piece Reductions::nextPiece() {
  const Reduction &of = waiting.front();
  const int64_t halfBytes = of.workspaceBytes / 2 / kLineBytes * kLineBytes;
  const int64_t most = halfBytes / kLineBytes / of.group->size * elementsPerLine(of);
  if (most == 0)
    throw std::logic_error("start_reduce: the workspace holds less than two lines for each rank");
  Piece piece{of, offset, std::min(most, of.part - offset), of.workspace + half * halfBytes};
  half = 1 - half;
  offset += piece.length;
  if (offset >= of.part) {
    waiting.pop_front();
    offset = 0;
  }
  return piece;
}

void Reductions::collect(sigma_rt rt, Piece &piece) {
  const Reduction &of = piece.of;
  const Parts parts = partsOf(of, piece.offset, piece.length);
  const Parts arrived = Parts::equal(of.group->size, parts.counts[of.group->index]);
  piece.requests = startExchange(rt, *of.group, of.flat, parts, piece.collected, arrived,
                                 rt->mesh.line, kCollect)
                       .take();
}

void Reductions::sum(sigma_rt rt, Piece &piece) {
  const Reduction &of = piece.of;
  const Parts parts = partsOf(of, piece.offset, piece.length);
  const int64_t own = parts.counts[of.group->index] * elementsPerLine(of);
  char *to = of.flat + parts.begins[of.group->index] * kLineBytes;
  withWideElem(of.elem, [&](auto zero) {
    using T = decltype(zero);
    sumOfRanks(rt->kernels<T>(), reinterpret_cast<const T *>(piece.collected), of.group->size, own,
               reinterpret_cast<T *>(to));
  });
}

void Reductions::gather(sigma_rt rt, Piece &piece) {
  const Reduction &of = piece.of;
  const Parts parts = partsOf(of, piece.offset, piece.length);
  piece.stage = Stage::Gather;
  piece.requests =
      startGather(rt, *of.group, nullptr, of.flat, parts, rt->mesh.line, kGather).take();
}

bool Reductions::hasArrived() {
  if (pieces.empty())
    return false;
  std::vector<MPI_Request> &requests = pieces.front().requests;
  int done = 0;
  checkMpi(MPI_Testall(int(requests.size()), requests.data(), &done, MPI_STATUSES_IGNORE),
           "MPI_Testall");
  return done;
}

void Reductions::progress(sigma_rt rt) {
  while (hasArrived()) {
    Piece &piece = pieces.front();
    if (piece.stage == Stage::Collect) {
      sum(rt, piece);
      if (piece.of.gathers) {
        gather(rt, piece);
        continue;
      }
    }
    if (piece.offset + piece.length >= piece.of.part)
      rt->trace.beside(SpanKind::ReduceGradients, piece.of.startNs);
    pieces.pop_front();
    fill(rt);
  }
}

void Reductions::wait(sigma_rt rt) {
  for (Waiting waiting(rt); progress(rt), !isIdle();)
    waiting.pause();
}

} // namespace sigma::runtime

using namespace sigma::runtime;

void sigma_last_micro_batch(sigma_rt rt, sigma_i64 isLast) { rt->reductions.setLast(isLast); }

void sigma_start_reduce(sigma_rt rt, sigma_i64 elem, sigma_ptr flat, sigma_i64 n, sigma_i64 part,
                        sigma_i64 group, sigma_i64 gathers, sigma_ptr workspace,
                        sigma_i64 workspaceBytes) {
  guarded(rt, [&] {
    const CommScope scope(rt, SpanKind::ReduceGradients);
    rt->reductions.start(rt,
                         {elem, static_cast<char *>(flat), n, part, &rt->mesh.group(group),
                          gathers != 0, static_cast<char *>(workspace), workspaceBytes, nowNs()});
  });
}

void sigma_progress(sigma_rt rt) {
  if (rt->reductions.isIdle())
    return;
  guarded(rt, [&] {
    const int64_t start = nowNs();
    if (rt->reductions.hasArrived()) {
      rt->trace.begin(SpanKind::ReduceGradients);
      rt->reductions.progress(rt);
      rt->trace.end();
    }
    rt->clock.communicationNs += nowNs() - start;
  });
}

void sigma_wait_reduce(sigma_rt rt) {
  guarded(rt, [&] {
    const CommScope scope(rt, SpanKind::ReduceGradients);
    rt->reductions.wait(rt);
  });
}
