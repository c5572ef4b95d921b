#include "planner/cost/WorkTime.h"

#include "planner/cost/Arithmetic.h"
#include "planner/cost/Roofline.h"
#include "planner/noise/Normal.h"

#include <algorithm>
#include <cmath>

using namespace sigma::planner;

static constexpr int64_t kBillion = 1000000000;

int64_t WorkTime::totalNs() const { return addSat(addSat(computeNs, exchangeNs), noiseNs); }

GroupJitter::GroupJitter(const Cluster &cluster, const Topology &topology, int64_t numExperts,
                         int64_t ep)
    : ep(ep) {
  double expertsPerRank = std::max(1.0, double(numExperts) / double(ep));
  double routing = ep > 1 ? cluster.routingJitterPpm * 1e-6 / std::sqrt(expertsPerRank) : 0;
  compute = cluster.device.jitterPpm * 1e-6;
  grouped = std::hypot(compute, routing);
  exchange = std::hypot(topology.groupJitterPpm(ep, 1) * 1e-6, routing);
}

int64_t sigma::planner::slowestOfNs(int64_t meanNs, int64_t n, double cv) {
  // The factor becomes an integer first, so that the product is exact and the
  // tables are reproducible.
  int64_t perBillion = std::llround(maxOfNormalsMean(n) * cv * kBillion);
  return mulDivCeil(meanNs, perBillion, kBillion);
}

WorkTime sigma::planner::workTime(const Device &device, const Topology &topology,
                                  const GroupJitter &jitter, const WorkCost &work) {
  WorkTime time;
  int64_t plain = 0, grouped = 0;
  for (const OpCost &op : work.ops) {
    int64_t &sum = op.opClass == OpClass::GroupedMatmul ? grouped : plain;
    sum = addSat(sum, opTimeNs(device, op));
  }
  for (const ExchangeCost &exchange : work.exchanges)
    time.exchangeNs = addSat(time.exchangeNs, topology.allToAllNs(exchange.bytes, jitter.ep));
  time.computeNs = addSat(plain, grouped);

  bool waits = jitter.ep > 1 && !work.exchanges.empty();
  if (waits)
    time.noiseNs = addSat(addSat(slowestOfNs(plain, jitter.ep, jitter.compute),
                                 slowestOfNs(grouped, jitter.ep, jitter.grouped)),
                          slowestOfNs(time.exchangeNs, jitter.ep, jitter.exchange));
  auto square = [](double x) { return x * x; };
  time.varianceNs2 = (square(plain * jitter.compute) + square(grouped * jitter.grouped) +
                      square(time.exchangeNs * jitter.exchange)) *
                     (waits ? maxOfNormalsVariance(jitter.ep) : 1);
  return time;
}
