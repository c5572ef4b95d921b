#include "planner/check/Rules.h"

#include "planner/check/Wide.h"

#include <algorithm>

using namespace sigma::planner;

static std::string str(int64_t value) { return std::to_string(value); }

// A product of positive degrees; what exceeds 64 bits stays just above them.
static Wide product(std::initializer_list<int64_t> degrees) {
  Wide result = 1;
  for (int64_t degree : degrees)
    result = std::min(result * degree, Wide(1) << 63);
  return result;
}

static bool divides(Wide divisor, int64_t value) { return value % divisor == 0; }

void RuleBook::rule(bool ok, const std::string &limit, const std::string &amount,
                    Severity severity) {
  if (ok)
    return;
  violations.push_back({limit, amount});
  canCost &= severity != Fatal;
}

bool RuleBook::check() {
  if (!degreesArePositive())
    return false;
  devices();
  batch();
  divisibility();
  experts();
  sequence();
  schedule();
  zero();
  placement();
  layers();
  pins();
  forbids();
  return canCost;
}

bool RuleBook::degreesArePositive() {
  constexpr int64_t kMost = int64_t(1) << 40;
  bool ok = true;
  for (Axis axis :
       {Axis::Tp, Axis::Cp, Axis::Pp, Axis::Vpp, Axis::Dp, Axis::Ep, Axis::Etp, Axis::MicroBatch}) {
    const int64_t degree = layout.get(axis);
    const bool inRange = degree >= 1 && degree <= kMost;
    rule(inRange, "layout",
         std::string(axisName(axis)) + " is " + str(degree) + "; it must be at least 1" +
             (degree > kMost ? " and at most " + str(kMost) : ""),
         Fatal);
    ok &= inRange;
  }
  return ok;
}

void RuleBook::devices() {
  rule(product({layout.tp, layout.cp, layout.dp, layout.pp}) == problem.cluster.numDevices,
       "device count",
       "tp x cp x dp x pp = " + str(layout.tp) + " x " + str(layout.cp) + " x " + str(layout.dp) +
           " x " + str(layout.pp) + " does not use the " + str(problem.cluster.numDevices) +
           " devices of the cluster",
       Fatal);
}

// Of a step; none if the batch does not divide.
std::optional<int64_t> RuleBook::numMicroBatches() const {
  const Wide share = product({layout.dp, layout.microBatch});
  if (!divides(share, problem.job.globalBatch))
    return std::nullopt;
  return narrow(problem.job.globalBatch / share);
}

void RuleBook::batch() {
  const std::optional<int64_t> count = numMicroBatches();
  const std::string batch = str(problem.job.globalBatch);
  const std::string share = str(layout.dp) + " x " + str(layout.microBatch);
  rule(count.has_value(), "divisibility of batch",
       "global batch " + batch + " does not divide by dp x micro-batch = " + share, Fatal);
  const int64_t given = layout.numMicroBatches;
  if (count && given != 0)
    rule(given == *count, "divisibility of batch",
         str(given) + " micro-batches are given; " + batch + " / (" + share + ") = " + str(*count));
}

void RuleBook::divisibility() {
  const Model &model = problem.model;
  rule(divides(layout.tp, model.tensorDivisor), "divisibility of tensors",
       "heads, widths and vocabulary have the common divisor " + str(model.tensorDivisor) +
           ", which does not divide by tp = " + str(layout.tp),
       Fatal);
  if (layout.contextKind == ContextKind::AllToAll)
    rule(divides(product({layout.tp, layout.cp}), model.headDivisor), "divisibility of heads",
         "heads have the common divisor " + str(model.headDivisor) +
             ", which does not divide by tp x cp = " + str(layout.tp) + " x " + str(layout.cp) +
             ", as all-to-all context needs",
         Fatal);
}

void RuleBook::experts() {
  const Model &model = problem.model;
  const int64_t ep = layout.ep, etp = layout.etp;
  if (model.numExperts == 0) {
    rule(ep == 1, "divisibility of experts",
         "the model has no experts, so ep must be 1, not " + str(ep), Fatal);
    rule(etp == 1, "divisibility of expert tensors",
         "the model has no experts, so etp must be 1, not " + str(etp), Fatal);
  } else {
    rule(divides(ep, model.numExperts), "divisibility of experts",
         str(model.numExperts) + " experts do not divide by ep = " + str(ep), Fatal);
    rule(divides(etp, model.expertTensorDivisor), "divisibility of expert tensors",
         "the widths of the experts have the common divisor " + str(model.expertTensorDivisor) +
             ", which does not divide by etp = " + str(etp),
         Fatal);
  }
  const Wide ranks = product({layout.tp, layout.cp, layout.dp});
  rule(ranks % product({etp, ep}) == 0, "divisibility of dp",
       "tp x cp x dp = " + str(layout.tp) + " x " + str(layout.cp) + " x " + str(layout.dp) +
           " does not divide by etp x ep = " + str(etp) + " x " + str(ep),
       Fatal);
}

void RuleBook::sequence() {
  const int64_t tokens = problem.model.sequence, tp = layout.tp, cp = layout.cp;
  const std::string limit = "divisibility of sequence";
  rule(cp == 1 || problem.model.allowsContext, limit,
       "the model does not allow context parallelism, so cp must be 1, not " + str(cp), Fatal);
  rule(divides(product({tp, cp}), tokens), limit,
       "sequence " + str(tokens) + " does not divide by tp x cp = " + str(tp) + " x " + str(cp),
       Fatal);
  if (cp > 1 && layout.contextKind == ContextKind::Ring)
    rule(divides(product({2, cp}), tokens), limit,
         "sequence " + str(tokens) + " does not divide by 2 x cp = 2 x " + str(cp) +
             ", as a ring needs",
         Fatal);
}

void RuleBook::schedule() {
  const std::string name = scheduleName(layout.schedule);
  const int64_t pp = layout.pp, vpp = layout.vpp;
  auto needs = [&](bool ok, const std::string &what, int64_t given, Severity severity) {
    rule(ok, "schedule", name + " needs " + what + ", not " + str(given), severity);
  };
  const bool isInterleaved = layout.schedule == Schedule::Interleaved;
  const bool isDualPipe = layout.schedule == Schedule::DualPipeV;
  if (isInterleaved)
    needs(vpp >= 2, "vpp of at least 2", vpp, Fatal);
  else
    needs(vpp == (isDualPipe ? 2 : 1), isDualPipe ? "vpp = 2" : "vpp = 1", vpp, Fatal);
  if (layout.schedule != Schedule::OneForwardOneBackward)
    needs(pp >= 2, "pp of at least 2", pp, Legal);
  const std::optional<int64_t> count = numMicroBatches();
  if (count && isInterleaved)
    needs(*count % pp == 0, "micro-batches that divide by pp = " + str(pp), *count, Legal);
  if (count && isDualPipe)
    needs(*count >= 2 * pp, "at least 2 x pp = " + str(2 * pp) + " micro-batches", *count, Legal);
  if (count && layout.schedule == Schedule::ZeroBubbleH1)
    needs(*count >= pp, "at least pp = " + str(pp) + " micro-batches", *count, Legal);
}

void RuleBook::zero() {
  const bool sharesDense = product({layout.cp, layout.dp}) > 1;
  const Wide ranks = product({layout.tp, layout.cp, layout.dp});
  const bool sharesExperts = ranks > product({layout.etp, layout.ep});
  auto check = [&](Axis axis, int64_t stage, bool shares, const char *alone) {
    const std::string given = std::string(axisName(axis)) + " = " + str(stage);
    const bool exists = stage >= 0 && stage <= 3;
    rule(exists, "zero", given + " is no ZeRO stage; they are 0 to 3", Fatal);
    rule(!exists || stage <= problem.job.maxZero, "zero",
         given + " exceeds the job's limit of " + str(problem.job.maxZero));
    rule(!exists || stage == 0 || shares, "zero",
         given + " has nothing to share where " + alone + "; it must be 0");
  };
  check(Axis::Zero, layout.zero, sharesDense, "cp x dp = 1");
  check(Axis::ExpertZero, layout.expertZero, sharesExperts, "edp = 1");
}

void RuleBook::placement() {
  if (layout.placement == Placement::StagesOutside)
    return;
  const std::string name = placementName(layout.placement);
  rule(layout.pp > 1 && layout.dp > 1, "placement",
       name + " needs pp and dp above 1, not pp = " + str(layout.pp) +
           " and dp = " + str(layout.dp));
  const Wide block = product({layout.tp, layout.cp});
  auto fits = [&](const char *what, Wide size) {
    rule(size % block == 0 || block % size == 0, "placement",
         name + " needs " + what + " that divides tp x cp = " + str(narrow(block)) +
             " or is a multiple of it, not " + str(narrow(size)),
         Fatal);
  };
  fits("an etp", layout.etp);
  fits("an etp x ep", product({layout.etp, layout.ep}));
}
