#include "planner/Explain.h"

#include "planner/LayoutText.h"
#include "planner/Recovery.h"
#include "planner/StepTerms.h"
#include "planner/Summary.h"
#include "planner/Units.h"
#include "planner/cost/Collectives.h"
#include "planner/memory/StageMemory.h"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>

using namespace sigma::planner;

namespace {

class Report {
public:
  Report(const Problem &problem, const Answer &answer)
      : problem(problem), answer(answer), plan(answer.plan) {}

  std::string run() {
    if (!answer.error.empty())
      return "error: " + answer.error + "\n";
    if (plan.stages.empty()) {
      conflicts();
      proof();
      return text;
    }
    summary();
    slowest = slowestStage(plan);
    whereTimeGoes();
    whereGroupsLie();
    stageTimes();
    stageMemory();
    binding();
    recovery();
    proof();
    compare("next best layouts", answer.runnersUp);
    compare("with one choice otherwise, at best", answer.alternatives);
    return text;
  }

private:
  __attribute__((format(printf, 2, 3))) void line(const char *format, ...) {
    char buffer[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(buffer, sizeof(buffer), format, arguments);
    va_end(arguments);
    text += buffer;
    text += '\n';
  }

  void summary() { text += summarize(problem, plan); }

  // The step on the slowest stage, term by term; terms of nothing are left out.
  void whereTimeGoes() {
    double total = std::max(1.0, double(plan.objectiveNs));
    auto print = [&](const char *name, double ns, const std::string &tiers = "") {
      line("  %-34s %12s  %5.1f %%%s", name, formatNs(ns).c_str(), 100 * ns / total, tiers.c_str());
    };
    line("%s", "");
    line("where the step goes (as the slowest stage, %zu, sees it)", slowest);
    for (const StepTerm &term : stepTerms(plan, plan.stages[slowest]))
      if (term.ns != 0)
        print(term.name, double(term.ns), tiersOf(term));
    print("total", double(plan.objectiveNs));
    if (isApart(plan))
      print("in the order of the schedule", plan.stepTime.objectiveNs);
  }

  // "   node 76 %, network 24 %": of what is sent, hidden or not.
  std::string tiersOf(const StepTerm &term) const {
    double sum = 0;
    for (int64_t ns : term.tierNs)
      sum += double(ns);
    std::string text;
    for (size_t tier = 0; tier < term.tierNs.size(); ++tier) {
      if (term.tierNs[tier] == 0)
        continue;
      char share[16];
      snprintf(share, sizeof(share), " %.0f %%", 100 * double(term.tierNs[tier]) / sum);
      text += (text.empty() ? "   " : ", ") + problem.cluster.tiers[tier].name + share;
    }
    return text;
  }

  // By a thousandth or more.
  static bool isApart(const Plan &plan) {
    const double closedNs = double(plan.objectiveNs);
    return std::abs(plan.stepTime.objectiveNs - closedNs) > 1e-3 * closedNs;
  }

  // Of each group of ranks that exchange data, how much of it shares a unit of which tier.
  void whereGroupsLie() {
    const Mesh mesh(plan.layout);
    std::string groups = placeOf("tensor", mesh.group(Group::Tensor)) +
                         placeOf("context", mesh.group(Group::Context)) +
                         placeOf("expert tensor", mesh.group(Group::ExpertTensor)) +
                         placeOf("experts", mesh.group(Group::Expert)) +
                         placeOf("dense replicas", mesh.denseReplicas()) +
                         placeOf("expert replicas", mesh.expertReplicas());
    if (!groups.empty())
      text += "\nwhere groups of ranks lie\n" + groups;
  }

  // "  experts          64 = 8 in a node x 8 in a rack"
  std::string placeOf(const std::string &name, const RankGroup &group) const {
    if (group.size() <= 1)
      return {};
    std::string factors;
    int64_t inner = 1;
    const std::vector<int64_t> ranks = Topology(problem.cluster).ranksPerUnit(group);
    for (size_t i = 0; i < ranks.size(); ++i) {
      if (ranks[i] > inner)
        factors += (factors.empty() ? "" : ", ") + std::to_string(ranks[i]) + " in a " +
                   problem.cluster.tiers[i].name;
      inner = ranks[i];
    }
    return "  " + name + std::string(17 - name.size(), ' ') + factors + "\n";
  }

  template <int64_t StagePlan::*Ns>
  static std::string ns(const StagePlan &stage) {
    return formatNs(double(stage.*Ns));
  }

  template <int64_t StagePlan::*Bytes>
  static std::string bytes(const StagePlan &stage) {
    return formatBytes(stage.*Bytes);
  }

  void stageTimes() {
    text +=
        "\ntime per micro-batch\n" + formatStages(plan, {{"remat", formatRemat},
                                                         {"compute", ns<&StagePlan::computeNs>},
                                                         {"recompute", ns<&StagePlan::recomputeNs>},
                                                         {"exchange", ns<&StagePlan::exchangeNs>},
                                                         {"tensor", ns<&StagePlan::tensorNs>},
                                                         {"context", ns<&StagePlan::contextNs>},
                                                         {"ZeRO", ns<&StagePlan::zeroNs>},
                                                         {"transfer", ns<&StagePlan::transferNs>},
                                                         {"noise", ns<&StagePlan::noiseNs>},
                                                         {"total", ns<&StagePlan::microBatchNs>}});
    text += "\ntime per step\n" + formatStages(plan, {{"sync", ns<&StagePlan::syncNs>},
                                                      {"optimizer", ns<&StagePlan::optimizerNs>}});
  }

  void stageMemory() {
    text += "\nmemory of a device\n" +
            formatStages(plan, {{"parameters", bytes<&StagePlan::parameterBytes>},
                                {"gradients", bytes<&StagePlan::gradientBytes>},
                                {"optimizer", bytes<&StagePlan::optimizerBytes>},
                                {"activation", bytes<&StagePlan::activationBytes>},
                                {"working", bytes<&StagePlan::transientBytes>},
                                {"buffers", bytes<&StagePlan::bufferBytes>},
                                {"peak", bytes<&StagePlan::peakBytes>}});
    line("  usable: %s",
         formatCapacity(problem.cluster.device.memoryBytes, problem.job.memoryMarginPpm).c_str());
  }

  void binding() {
    int64_t usable =
        usableMemoryBytes(problem.cluster.device.memoryBytes, problem.job.memoryMarginPpm);
    line("%s", "");
    line("what binds");
    line("  stage %zu sets the pace: %s per micro-batch", slowest,
         formatNs(double(plan.stages[slowest].microBatchNs)).c_str());
    for (size_t first = 0, end; first < plan.stages.size(); first = end) {
      end = first + 1;
      std::string remat = formatRemat(plan.stages[first]);
      while (end < plan.stages.size() && formatRemat(plan.stages[end]) == remat)
        ++end;
      if (remat != "-")
        line("  %s short of memory: remat %s, %s", stageRange(first, end).c_str(), remat.c_str(),
             leftText(first, end, usable).c_str());
    }
    pins();
  }

  // Each interval is for what it protects from.
  void recovery() {
    const std::optional<Recovery> chosen = chooseRecovery(problem, plan);
    if (!chosen)
      return;
    text += "\nagainst failures\n  a checkpoint " + every(chosen->checkpointIntervalSteps);
    if (chosen->snapshotIntervalSteps > 0)
      text += ", a snapshot " + every(chosen->snapshotIntervalSteps);
    line("%s", "");
    line("  %.2f %% of the time is kept with %lld spare node%s; %lld keep most per node paid for",
         100 * chosen->keptShare, (long long)problem.cluster.numSpareNodes,
         problem.cluster.numSpareNodes == 1 ? "" : "s", (long long)chosen->bestSpareNodes);
  }

  std::string every(int64_t steps) const {
    return "every " + (steps == 1 ? "step" : std::to_string(steps) + " steps") + " (" +
           formatNs(double(steps) * plan.stepTime.meanNs) + ")";
  }

  static std::string stageRange(size_t first, size_t end) {
    if (end == first + 1)
      return "stage " + std::to_string(first) + " is";
    return "stages " + std::to_string(first) + " to " + std::to_string(end - 1) + " are";
  }

  std::string leftText(size_t first, size_t end, int64_t usable) const {
    int64_t least = INT64_MAX, most = 0;
    for (size_t i = first; i < end; ++i) {
      least = std::min(least, usable - plan.stages[i].peakBytes);
      most = std::max(most, usable - plan.stages[i].peakBytes);
    }
    if (least == most)
      return formatBytes(least) + " left";
    return formatBytes(least) + " to " + formatBytes(most) + " left";
  }

  void pins() {
    const Pins &pins = problem.job.pins;
    for (int axis = 0; axis < kNumAxes; ++axis)
      if (auto value = pins[Axis(axis)])
        line("  pinned: %s = %lld", axisName(Axis(axis)), (long long)*value);
    if (pins.schedule)
      line("  pinned: schedule %s", scheduleName(*pins.schedule));
    if (pins.remat)
      line("  pinned: %s layer rematerialized", *pins.remat ? "every" : "no");
    forbids();
  }

  void forbids() {
    const Forbids &forbids = problem.job.forbids;
    for (int axis = 0; axis < kNumAxes; ++axis)
      for (int64_t value : forbids[Axis(axis)])
        line("  forbidden: %s = %lld", axisName(Axis(axis)), (long long)value);
    for (Schedule schedule : forbids.schedules)
      line("  forbidden: schedule %s", scheduleName(schedule));
    for (const std::string &mode : forbids.remat)
      line("  forbidden: remat %s", mode.c_str());
  }

  void proof() {
    const Proof &p = answer.proof;
    const Certificates &c = p.certificates;
    line("%s", "");
    if (p.status == ProofStatus::Optimal)
      line("proof: optimal within the model, %lld layouts decided in %lld ms",
           (long long)p.configurations, (long long)p.wallMs);
    else if (p.status == ProofStatus::Gap)
      line("proof: no plan is more than %.3f %% faster; stopped after %lld ms with layouts open",
           100 * p.gap / (1 + p.gap), (long long)p.wallMs);
    else
      line("proof: infeasible, %lld layouts refuted", (long long)p.configurations);
    line("  closed by time bound %lld, memory %lld, reduced costs %lld, Z3 %lld; indivisible %lld",
         (long long)c.timeBound, (long long)c.memoryBound, (long long)c.lagrange, (long long)c.z3,
         (long long)c.indivisible);
  }

  // Other plans, each with why it loses on a line of its own.
  void compare(const char *title, const std::vector<Runner> &others) {
    if (others.empty())
      return;
    size_t width = 0, choiceWidth = 0;
    bool areApart = isApart(plan);
    for (const Runner &other : others) {
      width = std::max(width, formatLayout(other.plan.layout).size());
      choiceWidth = std::max(choiceWidth, other.choice.size() + 2);
      areApart |= isApart(other.plan);
    }
    choiceWidth = choiceWidth > 2 ? choiceWidth : 0;
    text += std::string("\n") + title +
            (areApart ? ", by totals and in the order of the schedule" : "") + "\n";
    for (const Runner &other : others) {
      const std::string inOrder =
          areApart ? "  " + formatNs(other.plan.stepTime.objectiveNs) : std::string();
      line("  %-*s%-*s %12s%s", int(choiceWidth), other.choice.c_str(), int(width),
           formatLayout(other.plan.layout).c_str(),
           formatNs(double(other.plan.objectiveNs)).c_str(), inOrder.c_str());
      line("  %-*s  %s", int(choiceWidth), "", other.reason.c_str());
    }
    fasterInOrder(others);
  }

  // Plans are chosen by totals; another may be the faster one in the order of its schedule.
  void fasterInOrder(const std::vector<Runner> &others) {
    const auto best =
        std::min_element(others.begin(), others.end(), [](const Runner &a, const Runner &b) {
          return a.plan.stepTime.objectiveNs < b.plan.stepTime.objectiveNs;
        });
    const double percent = 100 * (1 - best->plan.stepTime.objectiveNs / plan.stepTime.objectiveNs);
    if (percent > 0.1)
      line("  %s is %.1f %% faster than the plan in the order of its schedule; totals, by which "
           "plans are chosen, are near to that",
           best->choice.empty() ? formatLayout(best->plan.layout).c_str() : best->choice.c_str(),
           percent);
  }

  void conflicts() {
    line("no plan exists for %s on %s; these limits exclude each other:",
         problem.model.name.c_str(), problem.cluster.name.c_str());
    for (const Conflict &conflict : answer.conflicts) {
      // Amounts may be long; line() would cut them.
      text += "  " + conflict.limit + ": " + conflict.amount + "\n";
      if (!conflict.suggest.empty())
        text += "    " + conflict.suggest + "\n";
    }
    if (answer.lacksReasons)
      line("%s", "  stopped before all reasons were found: it is proven only that no plan exists");
    text += summarizeRemarks(problem);
  }

  const Problem &problem;
  const Answer &answer;
  const Plan &plan;
  size_t slowest = 0;
  std::string text;
};

} // namespace

std::string sigma::planner::explain(const Problem &problem, const Answer &answer) {
  return Report(problem, answer).run();
}
