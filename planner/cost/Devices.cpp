#include "planner/cost/Devices.h"

#include "planner/cost/Mesh.h"

#include <algorithm>
#include <set>

using namespace sigma::planner;

// Nowhere above either. Between two sizes the lesser of two lines lies above the line that this
// draws.
static Efficiency lesser(const Efficiency &a, const Efficiency &b) {
  std::set<int64_t> sizes;
  for (const Efficiency *efficiency : {&a, &b})
    for (const EfficiencyPoint &point : efficiency->points)
      sizes.insert(point.size);
  std::vector<EfficiencyPoint> points;
  for (int64_t size : sizes)
    points.push_back({size, std::min(a.ppmAt(size), b.ppmAt(size))});
  return points;
}

static std::shared_ptr<const OpRates> lesser(const std::shared_ptr<const OpRates> &a,
                                             const std::shared_ptr<const OpRates> &b) {
  if (!a || !b || a == b)
    return a ? a : b;
  auto rates = std::make_shared<OpRates>();
  for (int kind = 0; kind < kNumOpKinds; ++kind)
    (*rates)[kind] = lesserRates((*a)[kind], (*b)[kind]);
  return rates;
}

Device sigma::planner::weaker(const Device &a, const Device &b) {
  Device device = a;
  device.peakFlopsPerS = std::min(a.peakFlopsPerS, b.peakFlopsPerS);
  device.memoryBytes = std::min(a.memoryBytes, b.memoryBytes);
  device.memoryBandwidthBytesPerS =
      std::min(a.memoryBandwidthBytesPerS, b.memoryBandwidthBytesPerS);
  device.launchNs = std::max(a.launchNs, b.launchNs);
  device.issueNs = std::max(a.issueNs, b.issueNs);
  device.jitterPpm = std::max(a.jitterPpm, b.jitterPpm);
  device.slowdownPpm = std::max(a.slowdownPpm, b.slowdownPpm);
  for (int i = 0; i < kNumOpClasses; ++i)
    device.efficiency[i] = lesser(a.efficiency[i], b.efficiency[i]);
  device.measured = lesser(a.measured, b.measured);
  return device;
}

KindRange sigma::planner::kindsOf(const Cluster &cluster, const Layout &layout, int64_t stage) {
  if (cluster.groups.size() <= 1)
    return {};
  const int last = static_cast<int>(cluster.groups.size()) - 1;
  if (!Mesh(layout).stagesAreBlocks())
    return {0, last};
  const int64_t begin = stage * layout.ranksPerStage(), end = begin + layout.ranksPerStage();
  KindRange range{last, 0};
  int64_t first = 0;
  for (int kind = 0; kind <= last; ++kind) {
    const int64_t next = first + cluster.groups[kind].count;
    if (begin < next && first < end) {
      range.first = std::min(range.first, kind);
      range.last = std::max(range.last, kind);
    }
    first = next;
  }
  return range;
}

Device sigma::planner::deviceOf(const Cluster &cluster, const KindRange &kinds) {
  if (cluster.groups.size() <= 1)
    return cluster.device;
  Device device = cluster.groups[kinds.first].device;
  for (int kind = kinds.first + 1; kind <= kinds.last; ++kind)
    device = weaker(device, cluster.groups[kind].device);
  return device;
}
