#include "runtime/comm/RowExchange.h"
#include "runtime/Runtime.h"
#include "runtime/comm/SumOfRanks.h"
#include "runtime/health/Fault.h"

#include <algorithm>
#include <cstring>

namespace sigma::runtime {
namespace {

// Tags 0 to 3 are those of other collectives.
constexpr Lane kRows{4, kUnaskedBytes};
constexpr int kSteps = 2;

/// Up to `rows` of each part, without the first `done`.
Parts windowOf(const Parts &parts, int64_t done, int64_t rows) {
  Parts window = parts;
  for (size_t rank = 0; rank < parts.counts.size(); ++rank) {
    const int64_t before = std::min<int64_t>(done, parts.counts[rank]);
    window.begins[rank] += int(before);
    window.counts[rank] = int(std::min(parts.counts[rank] - before, rows));
  }
  return window;
}

int64_t mostOf(const Parts &parts) {
  return *std::max_element(parts.counts.begin(), parts.counts.end());
}

} // namespace

void RowOrder::apply() const {
  List<int64_t> arrival(arrivals.begins.begin(), arrivals.begins.end());
  int64_t ordered = 0;
  for (int64_t e = 0; e < experts; ++e)
    for (size_t rank = 0; rank < arrival.size(); ++rank) {
      const int64_t rows = table[rank * experts + e];
      const int64_t read = way == Way::ToExperts ? arrival[rank] : ordered,
                    write = way == Way::ToExperts ? ordered : arrival[rank];
      std::memcpy(to + write * rowBytes, from + read * rowBytes, rows * rowBytes);
      arrival[rank] += rows;
      ordered += rows;
    }
}

RowExchange::RowExchange(sigma_rt rt, const Group &group, SpanKind kind, int64_t elem,
                         int64_t width)
    : kind(kind), rt(rt), group(&group), elem(elem), width(width),
      row(rt->datatypes.row(elem, width)) {}

int64_t RowExchange::rowBytes() const { return width * elemBytes(elem); }

void RowExchange::setWorkspace(void *memory, int64_t bytes) {
  workspace = static_cast<char *>(memory);
  room = bytes / (rowBytes() * group->size);
  if (room == 0)
    throw std::logic_error("the workspace of a sum holds less than one row of each rank");
  rowsAtOnce = room;
}

void RowExchange::copy(const void *from, Parts sent, void *to, Parts received) {
  const int64_t most = std::max(mostOf(sent), mostOf(received));
  if (most > 0)
    blocks.push_back({static_cast<const char *>(from), std::move(sent), static_cast<char *>(to),
                      std::move(received), most});
}

void RowExchange::sum(const void *from, Parts whole, void *to) {
  const int64_t most = mostOf(whole);
  if (most > 0)
    blocks.push_back({static_cast<const char *>(from), std::move(whole), static_cast<char *>(to),
                      Parts(List<int>()), most});
}

void RowExchange::useSteps(int64_t bytesAtOnce, int most) {
  slots = workspace && room < most ? 1 : most;
  rowsAtOnce = std::max<int64_t>(bytesAtOnce / slots / (rowBytes() * group->size), 1);
  if (workspace)
    rowsAtOnce = std::min(rowsAtOnce, room / slots);
}

int64_t RowExchange::ownRows(const Step &step) const {
  const int64_t own = blocks[step.block].sent.counts[group->index];
  return std::clamp<int64_t>(own - step.done, 0, rowsAtOnce);
}

RowExchange::Step RowExchange::post(Lane lane) {
  const Block &block = blocks[next];
  Step step{next, done};
  const Parts sent = windowOf(block.sent, done, rowsAtOnce);
  if (block.isSum()) {
    step.arrived = workspace + slot * rowsAtOnce * group->size * rowBytes();
    slot = (slot + 1) % slots;
    step.requests = startExchange(rt, *group, block.from, sent, step.arrived,
                                  Parts::equal(group->size, ownRows(step)), row, lane)
                        .take();
  } else {
    step.requests = startExchange(rt, *group, block.from, sent, block.to,
                                  windowOf(block.received, done, rowsAtOnce), row, lane)
                        .take();
  }
  ++onTheirWay;
  done += std::min(rowsAtOnce, block.most - done);
  if (done == block.most) {
    ++next;
    done = 0;
  }
  return step;
}

void RowExchange::finish(const Step &step) {
  --onTheirWay;
  const Block &block = blocks[step.block];
  const int64_t rows = ownRows(step);
  if (!block.isSum() || rows == 0)
    return;
  withElem(elem, [&](auto zero) {
    using T = decltype(zero);
    sumOfRanks(rt->kernels<T>(), reinterpret_cast<const T *>(step.arrived), group->size,
               rows * width, reinterpret_cast<T *>(block.to) + step.done * width);
  });
}

void RowExchange::end() const {
  if (last)
    last->apply();
}

void RowExchange::run() {
  while (hasMore()) {
    Step step = post(kWhole);
    waitAll(rt, step.requests.data(), int(step.requests.size()));
    finish(step);
  }
  end();
}

void StartedRows::start(RowExchange exchange, const void *out) {
  exchange.useSteps(kUnaskedAtOnceBytes, kSteps);
  exchanges.push_back({std::move(exchange), out, nowNs()});
  fill();
}

/// Steps of a later exchange come after those of the ones before it.
void StartedRows::fill() {
  for (Started &started : exchanges)
    while (started.exchange.hasMore()) {
      if (int(steps.size()) == kSteps || !started.exchange.isRoom())
        return;
      steps.push_back(started.exchange.post(kRows));
    }
}

bool StartedRows::hasArrived() {
  return steps.empty() ? !isIdle() : areDone(steps.front().requests);
}

/// One that has no rows has no steps.
void StartedRows::leaveDone(sigma_rt rt) {
  while (!exchanges.empty() && exchanges.front().exchange.isDone()) {
    const Started &started = exchanges.front();
    started.exchange.end();
    rt->trace.beside(started.exchange.kind, started.startNs);
    exchanges.pop_front();
  }
}

void StartedRows::progress(sigma_rt rt) {
  for (leaveDone(rt); !steps.empty() && hasArrived(); leaveDone(rt)) {
    exchanges.front().exchange.finish(steps.front());
    steps.pop_front();
    fill();
  }
}

bool StartedRows::isPending(const void *out) const {
  return std::any_of(exchanges.begin(), exchanges.end(),
                     [&](const Started &started) { return started.out == out; });
}

void StartedRows::waitFor(sigma_rt rt, const void *out) {
  for (Waiting waiting(rt); progress(rt), isPending(out);)
    waiting.pause();
}

} // namespace sigma::runtime

using namespace sigma::runtime;

void sigma_wait_rows(sigma_rt rt, sigma_ptr out) {
  guarded(rt, [&] {
    if (rt->startedRows.isIdle())
      return;
    const CommScope scope(rt, rt->startedRows.kind());
    rt->startedRows.waitFor(rt, out);
  });
}
