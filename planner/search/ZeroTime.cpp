#include "planner/search/ZeroTime.h"

#include "planner/Pipeline.h"
#include "planner/cost/Arithmetic.h"
#include "planner/cost/WorkTime.h"

#include <algorithm>
#include <cmath>

using namespace sigma::planner;

void ReplicatedWork::add(const ReplicatedWork &other, int64_t times) {
  addTimes(denseParameters, times, other.denseParameters);
  addTimes(expertParameters, times, other.expertParameters);
  addTimes(forwardComputeNs, times, other.forwardComputeNs);
  addTimes(backwardComputeNs, times, other.backwardComputeNs);
  varianceNs2 += double(times) * other.varianceNs2;
}

ZeroTime::ZeroTime(const Problem &problem, const Layout &layout)
    : recipe(problem.job.recipe), overlap(problem.job.overlap), topology(problem.cluster),
      ranksPerStage(layout.ranksPerStage()),
      numGroups(layout.zero >= 2 || layout.expertZero >= 2 ? lockStepGroups(layout) : 1) {
  const Mesh mesh(layout);
  auto replicas = [&](const RankGroup &ranks, int64_t zero) {
    return Replicas{ranks, topology.groupJitterPpm(ranks) * 1e-6, zero};
  };
  dense = replicas(mesh.denseReplicas(), layout.zero);
  expert = replicas(mesh.expertReplicas(), layout.expertZero);
  ends = replicas(mesh.ends(), 0);
}

int64_t ZeroEach::totalNs() const { return addSat(reduceNs, gatherNs); }

int64_t ZeroTime::collectiveNs(Collective collective, int64_t bytes, const Replicas &replicas,
                               int64_t waiting) const {
  int64_t mean = topology.collectiveNs(collective, bytes, replicas.ranks);
  return addSat(mean, slowestOfNs(mean, waiting, replicas.linkCv));
}

ZeroEach ZeroTime::everyMicroBatch(const ReplicatedWork &piece) const {
  int64_t reduce = 0, gather = 0;
  auto add = [&](int64_t parameters, const Replicas &replicas) {
    auto timeNs = [&](Collective collective, int64_t bytesEach) {
      return collectiveNs(collective, mulSat(parameters, bytesEach), replicas,
                          replicas.ranks.size());
    };
    if (replicas.zero >= 2)
      reduce = addSat(reduce, timeNs(Collective::ReduceScatter, recipe.reduceBytes));
    if (replicas.zero >= 3)
      gather = addSat(gather, mulSat(2, timeNs(Collective::AllGather, recipe.valueBytes)));
  };
  add(piece.denseParameters, dense);
  add(piece.expertParameters, expert);
  const int64_t cover = shareNs(piece.backwardComputeNs, overlap.gradientPpm);
  const int64_t wait =
      reduce > 0 ? slowestOfNs(std::llround(std::sqrt(piece.varianceNs2)), numGroups, 1) : 0;
  return {addSat(std::max<int64_t>(0, reduce - cover),
                 shownWaitNs(wait, std::max<int64_t>(0, cover - reduce))),
          exposedNs(gather, addSat(piece.forwardComputeNs, piece.backwardComputeNs),
                    overlap.parameterPpm)};
}

int64_t ZeroTime::syncNs(const ReplicatedWork &stage) const {
  int64_t reduce = 0, gather = 0;
  auto add = [&](int64_t parameters, const Replicas &replicas) {
    auto timeNs = [&](Collective collective, int64_t bytesEach) {
      return collectiveNs(collective, mulSat(parameters, bytesEach), replicas, ranksPerStage);
    };
    if (replicas.zero <= 1)
      reduce = addSat(reduce,
                      timeNs(replicas.zero == 0 ? Collective::AllReduce : Collective::ReduceScatter,
                             recipe.reduceBytes));
    if (replicas.zero == 1 || replicas.zero == 2)
      gather = addSat(gather, timeNs(Collective::AllGather, recipe.valueBytes));
  };
  add(stage.denseParameters, dense);
  add(stage.expertParameters, expert);
  return addSat(exposedNs(reduce, stage.backwardComputeNs, overlap.gradientPpm),
                exposedNs(gather, stage.forwardComputeNs, overlap.parameterPpm));
}

int64_t ZeroTime::endsNs(int64_t parameters) const {
  const int64_t summed = dense.zero > 0 ? ceilDiv(parameters, dense.ranks.size()) : parameters;
  return collectiveNs(Collective::AllReduce, mulSat(summed, recipe.reduceBytes), ends,
                      ranksPerStage);
}
