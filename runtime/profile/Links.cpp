#include "runtime/profile/Links.h"
#include "runtime/comm/Collect.h"
#include "runtime/comm/Host.h"
#include "runtime/health/Fault.h"

#include <algorithm>

namespace sigma::runtime {
namespace {

constexpr int64_t kWidth = 256;              // elements of a row
constexpr int64_t kWorkspaceBytes = 4 << 20; // of sums: what programs give them

/// Groups of `ranks` ranks that lie `stride` apart.
class Exchanges {
public:
  Exchanges(Runtime &rt, int64_t elem, int64_t ranks, int64_t stride)
      : rt(rt), elem(elem), ranks(ranks) {
    MeshShape groups, rings;
    groups.tp = groups.etp = stride;
    groups.cp = groups.ep = ranks;
    groups.dp = rings.dp = rt.mesh.size / (ranks * stride);
    rings.tp = rings.etp = stride;
    rings.pp = ranks;
    rings.placement = SIGMA_STAGES_INSIDE;
    together = makeMesh(groups, everyone());
    inRing = makeMesh(rings, everyone());
  }

  /// Of about so many bytes: a whole number of rows of each rank.
  std::vector<ExchangeTime> times(int64_t bytes, const Patience &patience) {
    take(bytes);
    std::vector<ExchangeTime> times;
    const auto add = [&](const char *name, int64_t counted, const Call &call) {
      times.push_back({name, ranks, counted, timeOfExchange(&rt, counted, patience, call)});
    };
    rt.mesh = together;
    add("all_gather", whole, [&](int64_t) {
      sigma_all_gather(&rt, elem, at(0), at(1), rows, kWidth, 1, SIGMA_GROUP_CONTEXT);
    });
    add("reduce_scatter", whole, [&](int64_t) {
      sigma_reduce_scatter(&rt, elem, at(0), at(1), rows, kWidth, 1, SIGMA_GROUP_CONTEXT, at(2),
                           workspace);
    });
    add("all_reduce", whole, [&](int64_t) { // of gradients
      sigma_all_reduce(&rt, wideElem(elem), at(0), whole / elemBytes(wideElem(elem)),
                       SIGMA_GROUP_CONTEXT, at(2), workspace);
    });
    add("all_to_all", whole / ranks * (ranks - 1), [&](int64_t) { exchangeRows(); });
    rt.mesh = inRing;
    add("ring_shift", whole, [&](int64_t) { shift(); });
    return times;
  }

private:
  void take(int64_t bytes) {
    const int64_t rowBytes = kWidth * elemBytes(elem);
    rows = std::max<int64_t>(1, bytes / rowBytes / ranks);
    whole = rows * ranks * rowBytes;
    workspace = std::min(std::max(whole, ranks * rowBytes), kWorkspaceBytes);
    memory.assign(3 * whole, 0);
  }

  char *at(int64_t buffer) { return memory.data() + buffer * whole; }

  /// Every rank sends as many rows to the one expert of each.
  void exchangeRows() {
    std::vector<int32_t> sizes(ranks, int32_t(rows)), table(ranks);
    int32_t own = 0;
    sigma_exchange_sizes(&rt, sizes.data(), table.data(), &own, ranks, rows * ranks);
    sigma_all_to_all(&rt, elem, at(0), sizes.data(), nullptr, table.data(), at(1), ranks, kWidth, 0,
                     at(2), whole);
  }

  /// To the next and from the one before, as stages and rings do.
  void shift() {
    const int64_t own = rt.mesh.ppIndex, next = (own + 1) % ranks, n = whole / elemBytes(elem);
    sigma_send(&rt, elem, at(0), n, next, SIGMA_FORWARD, 0);
    sigma_recv(&rt, elem, at(1), n, (own + ranks - 1) % ranks, SIGMA_FORWARD, 0);
    sigma_wait_send(&rt, next, SIGMA_FORWARD);
  }

  Runtime &rt;
  int64_t elem, ranks;
  Mesh together, inRing;
  int64_t rows = 1, whole = 0, workspace = 0; // rows of each rank; bytes
  std::vector<char> memory;
};

Level measureLevel(Runtime &rt, int64_t elem, bool quick, const std::string &name, int64_t most,
                   int64_t stride) {
  const std::vector<int64_t> sizes =
      quick ? std::vector<int64_t>{1 << 12, 1 << 18}
            : std::vector<int64_t>{1 << 12, 1 << 14, 1 << 16, 1 << 18, 1 << 20, 1 << 22, 1 << 24};
  Level level{name, {}};
  for (int64_t ranks = 2; ranks <= most;
       ranks = ranks == most ? most + 1 : std::min(2 * ranks, most)) {
    if (rt.mesh.size % (ranks * stride) != 0)
      continue;
    Exchanges exchanges(rt, elem, ranks, stride);
    for (int64_t bytes : sizes)
      for (const ExchangeTime &time :
           exchanges.times(bytes, quick ? kLittlePatience : kUsualPatience))
        level.exchanges.push_back(time);
  }
  return level;
}

int64_t ranksOfEachHost(Runtime &rt) {
  const int ranks = ranksOfHost();
  if (largestOf(&rt, ranks) != -largestOf(&rt, -ranks))
    throw UserError("hosts have different numbers of ranks; start as many on each");
  return ranks;
}

} // namespace

double Level::jitter() const { return medianOf(&ExchangeTiming::deviation); }
double Level::disturbed() const { return medianOf(&ExchangeTiming::disturbed); }

double Level::medianOf(double ExchangeTiming::*figure) const {
  std::vector<double> values;
  for (const ExchangeTime &each : exchanges)
    values.push_back(each.timing.*figure);
  std::sort(values.begin(), values.end());
  return quantileOf(values, 0.5);
}

std::vector<Level> measureLinks(Runtime &rt, int64_t elem, bool quick) {
  std::vector<Level> levels;
  const int64_t inHost = ranksOfEachHost(rt), hosts = rt.mesh.size / inHost;
  const Mesh before = rt.mesh;
  if (inHost > 1)
    levels.push_back(measureLevel(rt, elem, quick, "host", inHost, 1));
  rt.mesh = before;
  if (hosts > 1)
    levels.push_back(measureLevel(rt, elem, quick, "network", hosts, inHost));
  rt.mesh = before;
  return levels;
}

} // namespace sigma::runtime
