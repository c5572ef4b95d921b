// The ABI functions of one training step around its compute: data, objective, the one exchange of
// scalars, the update.
#include "runtime/Runtime.h"
#include "runtime/checkpoint/Checkpointer.h"
#include "runtime/comm/Collect.h"
#include "runtime/health/Fault.h"
#include "runtime/health/Guards.h"
#include "runtime/recovery/Stop.h"
#include "runtime/repair/Snapshots.h"

#include <algorithm>
#include <cmath>

using namespace sigma::runtime;

void sigma_load_batch(sigma_rt rt, sigma_i64 microBatch, sigma_ptr tokens, sigma_ptr targets) {
  guarded(rt, [&] {
    const Program &program = rt->program;
    const Mesh &mesh = rt->mesh;
    const int64_t inRank = (mesh.dpIndex * rt->numMicroBatches() + microBatch) * program.microBatch;
    const int64_t first = rt->step.finished * program.globalBatch + inRank;
    const int64_t share = program.sequence / mesh.shape.cp;
    for (int64_t row = 0; row < program.microBatch; ++row) {
      const Sample sample = rt->data.sample(first + row);
      for (int64_t i = 0; i < share; ++i) {
        const int64_t position = mesh.position(i, share);
        static_cast<int32_t *>(tokens)[row * share + i] = sample.token(position);
        static_cast<int32_t *>(targets)[row * share + i] = sample.target(position);
      }
    }
  });
}

void sigma_add_objective(sigma_rt rt, sigma_i64 elem, sigma_ptr value, sigma_f64 scale,
                         sigma_i64 term) {
  withWideElem(elem, [&](auto zero) {
    const double scaled = scale * double(*static_cast<decltype(zero) *>(value));
    (term == SIGMA_TERM_LOSS ? rt->step.lossTerm : rt->step.balanceTerm) += scaled;
  });
}

void sigma_square_sum(sigma_rt rt, sigma_i64 elem, sigma_ptr gradient, sigma_i64 n,
                      sigma_i64 copies) {
  for (const int64_t group :
       {SIGMA_GROUP_TENSOR, SIGMA_GROUP_DATA, SIGMA_GROUP_EXPERT_DATA, SIGMA_GROUP_ENDS})
    if ((copies >> group & 1) && rt->mesh.group(group).index != 0)
      return;
  withWideElem(elem, [&](auto zero) {
    using T = decltype(zero);
    rt->step.squares += rt->kernels<T>().squareSum(static_cast<T *>(gradient), n);
  });
}

namespace {

// What every rank tells every other once per step.
enum Scalar {
  kLoss,
  kBalance,
  kSquares,
  kWritten,
  kCopied,
  kStop,
  kCompute,
  kCommunication,
  kWait,
  kComputeSeconds,
  kRan,
  kLoadVariances,
  kRoutings,
  kRounds,
  kNeededPpm,
  kScalars
};

List<double> ownScalars(sigma_rt rt) {
  const StepState &step = rt->step;
  const int64_t interval = std::max<int64_t>(nowNs() - rt->clock.intervalStart, 1);
  const double communication = double(rt->clock.communicationNs) / double(interval);
  const double wait = double(rt->clock.waitNs) / double(interval);
  List<double> mine(kScalars);
  mine[kLoss] = step.lossTerm;
  mine[kBalance] = step.balanceTerm;
  mine[kSquares] = step.squares;
  mine[kWritten] = rt->checkpointer && rt->checkpointer->written();
  mine[kCopied] = rt->snapshots && rt->snapshots->arrived();
  mine[kStop] = stopRequested();
  mine[kCompute] = 1 - communication - wait;
  mine[kCommunication] = communication;
  mine[kWait] = wait;
  mine[kComputeSeconds] = mine[kCompute] * double(interval) / 1e9;
  mine[kLoadVariances] = step.loadVariances;
  mine[kRoutings] = step.routings;
  mine[kRan] = double(ranNs() - rt->clock.intervalRan) / double(interval);
  mine[kRounds] = double(rt->rounds.most);
  mine[kNeededPpm] = double(rt->rounds.neededPpm);
  rt->clock = CommClock();
  return mine;
}

/// The sum over ranks in the order of ranks: the same bits everywhere.
double sumOf(const List<double> &all, Scalar scalar) {
  double sum = 0;
  for (size_t i = scalar; i < all.size(); i += kScalars)
    sum += all[i];
  return sum;
}

double leastOf(const List<double> &all, Scalar scalar) {
  double least = all[scalar];
  for (size_t i = scalar; i < all.size(); i += kScalars)
    least = std::min(least, all[i]);
  return least;
}

double mostOf(const List<double> &all, Scalar scalar) {
  double most = 0;
  for (size_t i = scalar; i < all.size(); i += kScalars)
    most = std::max(most, all[i]);
  return most;
}

void sayWhatWasSplit(sigma_rt rt, const List<double> &all) {
  const auto rounds = int64_t(mostOf(all, kRounds)), ppm = int64_t(mostOf(all, kNeededPpm));
  if (rounds == 0 || rt->mesh.rank != 0)
    return;
  rt->log.event("fault", {{"kind", "rows-split"},
                          {"step", rt->step.number()},
                          {"rounds", rounds},
                          {"neededPpm", ppm},
                          {"reason", "the router sent more rows to the experts of a rank than the "
                                     "plan has memory for; they went there in up to " +
                                         std::to_string(rounds) +
                                         " rounds, none was dropped; expert_capacity_ppm " +
                                         std::to_string(ppm) + " has room for them"}});
}

void watchForSlowRanks(sigma_rt rt, const List<double> &all) {
  if (!rt->slowRanks)
    return;
  List<double> seconds;
  for (size_t i = kComputeSeconds; i < all.size(); i += kScalars)
    seconds.push_back(all[i]);
  for (const SlowRank &slow : rt->slowRanks->add(seconds))
    rt->log.event("slow-rank", {{"rank", slow.rank},
                                {"step", rt->step.number()},
                                {"ofPeers", slow.ofPeers},
                                {"ofItself", slow.ofItself}});
}

} // namespace

void sigma_reduce_step(sigma_rt rt) {
  guarded(rt, [&] {
    const List<double> all = gatherDoubles(rt, ownScalars(rt));
    const double ranks = double(rt->mesh.world.size);
    StepState &step = rt->step;
    step.loss = sumOf(all, kLoss);
    step.balanceLoss = sumOf(all, kBalance);
    step.gradientNorm = std::sqrt(sumOf(all, kSquares));
    step.computeShare = sumOf(all, kCompute) / ranks;
    step.communicationShare = sumOf(all, kCommunication) / ranks;
    step.waitShare = sumOf(all, kWait) / ranks;
    step.leastRan = leastOf(all, kRan);
    step.loadDeviation =
        std::sqrt(std::max(0.0, sumOf(all, kLoadVariances)) / std::max(1.0, sumOf(all, kRoutings)));
    step.stopAgreed = sumOf(all, kStop) > 0;
    if (rt->checkpointer)
      rt->checkpointer->allWritten(sumOf(all, kWritten) == ranks);
    if (rt->snapshots)
      rt->snapshots->allArrived(sumOf(all, kCopied) == ranks);
    guardNumbers(rt);
    watchForSlowRanks(rt, all);
    sayWhatWasSplit(rt, all);
    const double limit = rt->optimizer.gradientClip;
    step.clip = limit > 0 ? std::min(1.0, limit / (step.gradientNorm + 1e-6)) : 1.0;
    step.learningRate = rt->optimizer.rateAfter(step.finished);
    rt->values.optimizerMoves(rt->optimizer, step.learningRate, step.number());
  });
}

void sigma_adamw(sigma_rt rt, sigma_i64 elem, sigma_ptr value, sigma_ptr gradient, sigma_ptr first,
                 sigma_ptr second, sigma_ptr copy, sigma_i64 n, sigma_i64 decay) {
  const Optimizer &optimizer = rt->optimizer;
  const double t = double(rt->step.number());
  const AdamWStep step{rt->step.learningRate,
                       optimizer.beta1,
                       optimizer.beta2,
                       optimizer.epsilon,
                       decay ? optimizer.weightDecay : 0.0,
                       rt->step.clip,
                       1 - std::pow(optimizer.beta1, t),
                       1 - std::pow(optimizer.beta2, t)};
  withElem(elem, [&](auto zero) {
    using T = decltype(zero);
    using W = Wide<T>;
    W *values = static_cast<W *>(value);
    rt->kernels<W>().adamw(values, static_cast<W *>(gradient), static_cast<W *>(first),
                           static_cast<W *>(second), n, step);
    if (copy)
      rt->kernels<T>().narrow(values, static_cast<T *>(copy), n);
  });
}

/// The next step may begin without some.
static void waitForValues(sigma_rt rt) {
  if (rt->nonblocking.isIdle())
    return;
  const CommScope scope(rt, SpanKind::GatherParameters);
  rt->nonblocking.waitForAll(rt);
}

void sigma_checkpoint_hook(sigma_rt rt) {
  guarded(rt, [&] {
    const int64_t done = rt->step.number(), interval = rt->options.checkInterval;
    const bool saves = rt->checkpointer && rt->checkpointer->isDue();
    // No checkpoint holds what nobody checked.
    const bool checks = interval > 0 && (saves || done % interval == 0);
    const bool copies = rt->snapshots && rt->snapshots->isDue(done, rt->options.snapshotInterval);
    const bool isLast = done == rt->options.steps || rt->step.stopAgreed;
    if (saves || checks || copies || isLast)
      waitForValues(rt);
    if (checks)
      checkState(rt);
    if (rt->checkpointer)
      rt->checkpointer->endOfStep();
    if (copies)
      rt->snapshots->take(rt, done);
  });
}
