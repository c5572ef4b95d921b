#include "planner/check/CheckWork.h"

#include "planner/cost/Roofline.h"
#include "planner/noise/Normal.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace sigma::planner;

Wide sigma::planner::waitNs(Wide meanNs, int64_t n, double cv) {
  const Wide perBillion = std::llround(maxOfNormalsMean(n) * cv * 1e9);
  return quotient(meanNs * perBillion, 1000000000);
}

//===----------------------------------------------------------------------===//
// Work
//===----------------------------------------------------------------------===//

void sigma::planner::addTo(TierSums &sums, const TierSums &more, int64_t times) {
  sums.resize(std::max(sums.size(), more.size()), 0);
  for (size_t tier = 0; tier < more.size(); ++tier)
    sums[tier] += times * more[tier];
}

Wide sigma::planner::totalOf(const TierSums &sums) {
  return std::accumulate(sums.begin(), sums.end(), Wide(0));
}

WorkCounter::WorkCounter(const Problem &problem, const Device &device, const Layout &layout)
    : overlap(problem.job.overlap), device(device), topology(problem.cluster),
      schedule(layout.schedule) {
  const double expertsPerRank = std::max(1.0, double(problem.model.numExperts) / double(layout.ep));
  const double routingCv =
      layout.ep == 1 ? 0 : problem.cluster.routingJitterPpm * 1e-6 / std::sqrt(expertsPerRank);
  for (int i = 0; i < kNumGroups; ++i) {
    ranks[i] = Mesh(layout).group(Group(i));
    linkCv[i] = topology.groupJitterPpm(ranks[i]) * 1e-6;
  }
  double &exchangeCv = linkCv[int(Group::Expert)];
  exchangeCv = std::hypot(exchangeCv, routingCv);
  plainCv = device.jitterPpm * 1e-6;
  groupedCv = std::hypot(plainCv, routingCv);
}

bool WorkCounter::meets(const CollectiveCost &collective) const {
  return ranks[int(collective.group)].size() > 1;
}

// The collective that ends the op's segment; after the last one, the last.
const CollectiveCost *WorkCounter::meetingOf(const WorkCost &work, int64_t op) const {
  const CollectiveCost *last = nullptr;
  for (const CollectiveCost &collective : work.collectives) {
    if (!meets(collective))
      continue;
    last = &collective;
    if (collective.position > op)
      break;
  }
  return last;
}

WorkCount WorkCounter::countWork(const WorkCost &work, int64_t waitedPart) const {
  std::array<Meeting, kNumGroups> met;
  Meeting alone;
  WorkCount result;
  Wide attentionNs = 0;
  for (size_t i = 0; i < work.ops.size(); ++i) {
    const OpCost &op = work.ops[i];
    const CollectiveCost *end = meetingOf(work, int64_t(i));
    const Wide timeNs = opTimeNs(device, op);
    const bool isGrouped = op.opClass == OpClass::GroupedMatmul;
    // Tokens are shared by a tensor group of experts and waited for at their exchange.
    const bool waitsLater = isGrouped && end && end->group == Group::ExpertTensor &&
                            ranks[int(Group::Expert)].size() > 1;
    Meeting &meeting = !end ? alone : waitsLater ? met[int(Group::Expert)] : met[int(end->group)];
    (isGrouped ? meeting.groupedNs : meeting.plainNs) += timeNs;
    attentionNs += op.opClass == OpClass::Attention ? timeNs : 0;
    result.computeNs += timeNs;
  }
  // The device waits for its host behind all ops.
  const CollectiveCost *end = meetingOf(work, int64_t(work.ops.size()));
  const Wide waitsNs = hostWaitNs(device, work.ops, narrow(result.computeNs));
  (end ? met[int(end->group)] : alone).plainNs += waitsNs;
  result.computeNs += waitsNs;
  for (const CollectiveCost &cost : work.collectives) {
    if (!meets(cost))
      continue;
    const TierSums tiers = topology.tierNs(cost, ranks[int(cost.group)]);
    met[int(cost.group)].commNs += totalOf(tiers);
    addTo(cost.group == Group::Expert    ? result.exchangeTiers
          : cost.group == Group::Context ? result.contextTiers
                                         : result.tensorTiers,
          tiers);
  }

  auto varianceNs2 = [&](const Meeting &meeting, double link) {
    const double plain = double(meeting.plainNs) * plainCv;
    const double grouped = double(meeting.groupedNs) * groupedCv;
    const double comm = double(meeting.commNs) * link;
    return plain * plain + grouped * grouped + comm * comm;
  };
  result.varianceNs2 = varianceNs2(alone, 0);
  for (int i = 0; i < kNumGroups; ++i) {
    const int64_t n = ranks[i].size();
    const Wide waitedNs = waitNs(quotient(met[i].plainNs, waitedPart), n, plainCv) +
                          waitNs(quotient(met[i].groupedNs, waitedPart), n, groupedCv) +
                          waitNs(met[i].commNs, n, linkCv[i]);
    result.noiseNs += waitedNs;
    result.exchangeWaitNs += i == int(Group::Expert) ? waitedNs : 0;
    result.varianceNs2 += varianceNs2(met[i], linkCv[i]) * maxOfNormalsVariance(n);
  }

  auto commNs = [&](Group group) { return met[int(group)].commNs; };
  result.tensorNs = beyond(commNs(Group::Tensor) + commNs(Group::ExpertTensor),
                           shareOf(result.computeNs, overlap.tensorPpm));
  result.contextNs = beyond(commNs(Group::Context), shareOf(attentionNs, overlap.contextPpm));
  result.exchangeNs = beyond(commNs(Group::Expert), shareOf(result.computeNs, overlap.exchangePpm));
  return result;
}

Wide sigma::planner::shownWaitNs(Wide waitNs, Wide coverNs) {
  return waitNs > 0 ? quotient(waitNs * waitNs, waitNs + coverNs) : Wide(0);
}

WorkCount WorkCounter::hidden(WorkCount count) const {
  if (schedule == Schedule::DualPipeV) {
    // First the exchanges hide, then of the waits at them as much as what is left compares to them.
    const Wide shareNs = shareOf(count.computeNs, overlap.expertPpm);
    const Wide hiddenNs = std::min(shareNs, count.exchangeNs), waitNs = count.exchangeWaitNs;
    const Wide shownNs = shownWaitNs(waitNs, shareNs - hiddenNs);
    count.noiseNs -= waitNs - shownNs;
    count.exchangeNs -= hiddenNs;
    count.hiddenNs = hiddenNs + waitNs - shownNs;
  }
  return count;
}

WorkCount WorkCounter::countForward(const WorkCost &work) const {
  return hidden(countWork(work, 1));
}

// Nobody waits for weight gradients that are put off.
WorkCount WorkCounter::countBackward(const WorkCost &work) const {
  return hidden(countWork(work, schedule == Schedule::ZeroBubbleH1 ? 2 : 1));
}

WorkCount WorkCounter::countRecomputation(const WorkCost &work) const { return countWork(work, 1); }

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

ParameterCounter::ParameterCounter(const Problem &problem, const Layout &layout)
    : recipe(problem.job.recipe), topology(problem.cluster),
      dense{Mesh(layout).denseReplicas(), layout.zero},
      expert{Mesh(layout).expertReplicas(), layout.expertZero}, ends(Mesh(layout).ends()),
      ranksPerStage(layout.ranksPerStage()),
      ranksInStep(std::lcm(layout.tp * layout.cp, layout.etp * layout.ep)) {}

Wide ParameterCounter::collectiveNs(Collective collective, Wide bytes, const RankGroup &group,
                                    int64_t waiting, TierSums &tiers) const {
  const TierSums times = topology.tierNs(collective, narrow(bytes), group);
  const Wide meanNs = totalOf(times);
  addTo(tiers, times);
  return meanNs + waitNs(meanNs, waiting, topology.groupJitterPpm(group) * 1e-6);
}

Wide ParameterCounter::reduceEachNs(const Parameters &parameters, TierSums &tiers) const {
  return both(parameters, [&](Wide count, const Replicas &replicas) -> Wide {
    if (replicas.zero < 2)
      return 0;
    return collectiveNs(Collective::ReduceScatter, count * recipe.reduceBytes, replicas.ranks,
                        replicas.ranks.size(), tiers);
  });
}

Wide ParameterCounter::waitEachNs(double varianceNs2) const {
  return waitNs(std::llround(std::sqrt(varianceNs2)), ranksPerStage / ranksInStep, 1);
}

Wide ParameterCounter::gatherEachNs(const Parameters &parameters, TierSums &tiers) const {
  return both(parameters, [&](Wide count, const Replicas &replicas) -> Wide {
    if (replicas.zero < 3)
      return 0;
    TierSums once;
    const Wide ns = 2 * collectiveNs(Collective::AllGather, count * recipe.valueBytes,
                                     replicas.ranks, replicas.ranks.size(), once);
    addTo(tiers, once, 2);
    return ns;
  });
}

Wide ParameterCounter::reduceOnceNs(const Parameters &parameters, TierSums &tiers) const {
  return both(parameters, [&](Wide count, const Replicas &replicas) -> Wide {
    if (replicas.zero >= 2)
      return 0;
    const Collective collective =
        replicas.zero == 0 ? Collective::AllReduce : Collective::ReduceScatter;
    return collectiveNs(collective, count * recipe.reduceBytes, replicas.ranks, ranksPerStage,
                        tiers);
  });
}

Wide ParameterCounter::gatherOnceNs(const Parameters &parameters, TierSums &tiers) const {
  return both(parameters, [&](Wide count, const Replicas &replicas) -> Wide {
    if (replicas.zero != 1 && replicas.zero != 2)
      return 0;
    return collectiveNs(Collective::AllGather, count * recipe.valueBytes, replicas.ranks,
                        ranksPerStage, tiers);
  });
}

Wide ParameterCounter::endsOnceNs(Wide parameters, TierSums &tiers) const {
  return collectiveNs(Collective::AllReduce,
                      shareFrom(1, {narrow(parameters), 0}) * recipe.reduceBytes, ends,
                      ranksPerStage, tiers);
}

Wide ParameterCounter::shareFrom(int64_t zero, const Parameters &parameters) const {
  return both(parameters, [&](Wide count, const Replicas &replicas) {
    return quotient(count, replicas.zero >= zero ? replicas.ranks.size() : 1);
  });
}

Wide ParameterCounter::reduceWorkspaceBytes(const Parameters &parameters, Wide workspace) const {
  auto bytes = [&](Wide count, const Replicas &replicas) {
    return replicas.ranks.size() > 1 ? std::min(workspace, count * recipe.gradientBytes) : Wide(0);
  };
  return std::max(bytes(parameters.dense, dense), bytes(parameters.expert, expert));
}

Parameters ParameterCounter::dividedFrom(int64_t zero, const Parameters &parameters) const {
  return {dense.zero >= zero ? parameters.dense : 0, expert.zero >= zero ? parameters.expert : 0};
}
