#include "planner/cost/WorkTime.h"

#include "planner/cost/Arithmetic.h"
#include "planner/cost/Roofline.h"
#include "planner/noise/Normal.h"

#include <algorithm>
#include <cmath>

using namespace sigma::planner;

static constexpr int64_t kBillion = 1000000000;
static constexpr int64_t kPpm = 1000000;

int64_t WorkTime::totalNs() const {
  int64_t exposed = addSat(addSat(exchangeNs, tensorNs), contextNs);
  return addSat(addSat(computeNs, exposed), noiseNs);
}

int64_t sigma::planner::slowestOfNs(int64_t meanNs, int64_t n, double cv) {
  // The factor becomes an integer first, so that the product is exact and the
  // tables are reproducible.
  int64_t perBillion = std::llround(maxOfNormalsMean(n) * cv * kBillion);
  return mulDivCeil(meanNs, perBillion, kBillion);
}

int64_t sigma::planner::shownWaitNs(int64_t waitNs, int64_t coverNs) {
  return waitNs > 0 ? mulDivCeil(waitNs, waitNs, addSat(waitNs, coverNs)) : 0;
}

int64_t sigma::planner::shareNs(int64_t computeNs, int64_t ppm) {
  return saturate(Int128(computeNs) * ppm / kPpm);
}

int64_t sigma::planner::exposedNs(int64_t commNs, int64_t computeNs, int64_t ppm) {
  return std::max<int64_t>(0, commNs - shareNs(computeNs, ppm));
}

WorkTiming sigma::planner::workTiming(const Job &job, const Layout &layout) {
  if (layout.schedule == Schedule::ZeroBubbleH1)
    return WorkTiming::SplitsBackward;
  const bool hides =
      layout.schedule == Schedule::DualPipeV && layout.ep > 1 && job.overlap.expertPpm > 0;
  return hides ? WorkTiming::HidesExchange : WorkTiming::Plain;
}

WorkClock::WorkClock(const Problem &problem, const Device &device, const Layout &layout)
    : overlap(problem.job.overlap), device(device), topology(problem.cluster),
      timing(workTiming(problem.job, layout)) {
  Mesh mesh(layout);
  double expertsPerRank = std::max(1.0, double(problem.model.numExperts) / double(layout.ep));
  double routing =
      layout.ep > 1 ? problem.cluster.routingJitterPpm * 1e-6 / std::sqrt(expertsPerRank) : 0;
  for (int i = 0; i < kNumGroups; ++i) {
    RankGroup ranks = mesh.group(static_cast<Group>(i));
    double link = topology.groupJitterPpm(ranks) * 1e-6;
    meetings[i] = {ranks,
                   static_cast<Group>(i) == Group::Expert ? std::hypot(link, routing) : link};
  }
  computeCv = device.jitterPpm * 1e-6;
  groupedCv = std::hypot(computeCv, routing);
}

WorkTime WorkClock::unhidden(const WorkCost &work, bool isSplit) const {
  std::array<Segments, kNumGroups> met;
  Segments open; // since the last collective
  int64_t attention = 0, opsNs = 0;
  int last = -1;
  const int expert = static_cast<int>(Group::Expert);
  const bool routes = meetings[expert].ranks.size() > 1;
  auto close = [&](int group) {
    const bool sharesTokens = routes && group == static_cast<int>(Group::ExpertTensor);
    int64_t &groupedNs = met[sharesTokens ? expert : group].groupedNs;
    met[group].plainNs = addSat(met[group].plainNs, open.plainNs);
    groupedNs = addSat(groupedNs, open.groupedNs);
    open = Segments();
  };
  size_t next = 0;
  for (size_t i = 0; i <= work.ops.size(); ++i) {
    for (; next < work.collectives.size() && work.collectives[next].position <= int64_t(i);
         ++next) {
      const CollectiveCost &cost = work.collectives[next];
      int group = static_cast<int>(cost.group);
      const RankGroup &ranks = meetings[group].ranks;
      if (ranks.size() <= 1)
        continue;
      close(group);
      last = group;
      met[group].commNs = addSat(met[group].commNs, topology.collectiveNs(cost, ranks));
    }
    if (i == work.ops.size()) {
      open.plainNs = addSat(open.plainNs, hostWaitNs(device, work.ops, opsNs));
      break;
    }
    int64_t time = opTimeNs(device, work.ops[i]);
    opsNs = addSat(opsNs, time);
    int64_t &sum = work.ops[i].opClass == OpClass::GroupedMatmul ? open.groupedNs : open.plainNs;
    sum = addSat(sum, time);
    if (work.ops[i].opClass == OpClass::Attention)
      attention = addSat(attention, time);
  }
  auto square = [](double x) { return x * x; };
  WorkTime result;
  if (last >= 0)
    close(last);
  else
    result.varianceNs2 = square(open.plainNs * computeCv) + square(open.groupedNs * groupedCv);
  result.computeNs = addSat(open.plainNs, open.groupedNs);
  for (int i = 0; i < kNumGroups; ++i) {
    const Segments &sum = met[i];
    const int64_t n = meetings[i].ranks.size();
    const double link = meetings[i].linkCv;
    result.computeNs = addSat(result.computeNs, addSat(sum.plainNs, sum.groupedNs));
    if (n <= 1)
      continue;
    auto waited = [&](int64_t ns) { return isSplit ? ceilDiv(ns, 2) : ns; };
    const int64_t waitNs = addSat(addSat(slowestOfNs(waited(sum.plainNs), n, computeCv),
                                         slowestOfNs(waited(sum.groupedNs), n, groupedCv)),
                                  slowestOfNs(sum.commNs, n, link));
    result.noiseNs = addSat(result.noiseNs, waitNs);
    if (i == expert)
      result.exchangeWaitNs = waitNs;
    result.varianceNs2 += (square(sum.plainNs * computeCv) + square(sum.groupedNs * groupedCv) +
                           square(sum.commNs * link)) *
                          maxOfNormalsVariance(n);
  }
  auto comm = [&](Group group) { return met[static_cast<int>(group)].commNs; };
  result.tensorNs = exposedNs(addSat(comm(Group::Tensor), comm(Group::ExpertTensor)),
                              result.computeNs, overlap.tensorPpm);
  result.contextNs = exposedNs(comm(Group::Context), attention, overlap.contextPpm);
  result.exchangeNs = exposedNs(comm(Group::Expert), result.computeNs, overlap.exchangePpm);
  return result;
}

WorkTime WorkClock::hide(WorkTime time) const {
  if (timing == WorkTiming::HidesExchange) {
    const int64_t exchange = time.exchangeNs, wait = time.exchangeWaitNs;
    const int64_t cover = shareNs(time.computeNs, overlap.expertPpm);
    const int64_t hiddenWait = wait - shownWaitNs(wait, std::max<int64_t>(0, cover - exchange));
    time.exchangeNs = std::max<int64_t>(0, exchange - cover);
    time.noiseNs -= hiddenWait;
    time.hiddenNs = addSat(exchange - time.exchangeNs, hiddenWait);
  }
  return time;
}

WorkTime WorkClock::time(const WorkCost &work) const { return hide(unhidden(work, false)); }

WorkTime WorkClock::backwardTime(const WorkCost &work) const {
  return hide(unhidden(work, timing == WorkTiming::SplitsBackward));
}

WorkTime WorkClock::recomputeTime(const WorkCost &work) const { return unhidden(work, false); }
