#include "planner/Explain.h"

#include "planner/Summary.h"
#include "planner/Units.h"
#include "planner/memory/StageMemory.h"

#include <algorithm>
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
    whereTimeGoes();
    stageTimes();
    stageMemory();
    binding();
    proof();
    runners();
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

  double microBatches() const { return double(plan.layout.numMicroBatches); }

  // The step on the slowest stage, term by term; what is left of it is bubble and waiting
  // for other stages.
  void whereTimeGoes() {
    const StagePlan &slowest = plan.stages[slowestStage()];
    double total = double(plan.objectiveNs), sum = 0, tail = 0;
    for (const StagePlan &stage : plan.stages) {
      sum += double(stage.microBatchNs);
      tail = std::max(tail, double(stage.syncNs) + double(stage.optimizerNs));
    }
    double bubble = sum - double(slowest.microBatchNs);
    auto term = [&](const char *name, double ns) {
      line("  %-34s %12s  %5.1f %%", name, formatNs(ns).c_str(), 100 * ns / std::max(1.0, total));
    };
    line("%s", "");
    line("where the step goes (as the slowest stage, %d, sees it)", int(slowestStage()));
    term("arithmetic", microBatches() * double(slowest.computeNs));
    term("recomputation", microBatches() * double(slowest.recomputeNs));
    term("all-to-all", microBatches() * double(slowest.exchangeNs));
    term("transfers between stages", microBatches() * double(slowest.transferNs));
    term("waiting inside expert groups", microBatches() * double(slowest.noiseNs));
    term("pipeline bubble", bubble);
    term("gradient sync and optimizer", tail);
    term("jitter and spikes of the step", double(plan.noiseNs));
    term("total", total);
  }

  size_t slowestStage() const {
    auto slowest = std::max_element(
        plan.stages.begin(), plan.stages.end(),
        [](const StagePlan &a, const StagePlan &b) { return a.microBatchNs < b.microBatchNs; });
    return static_cast<size_t>(slowest - plan.stages.begin());
  }

  void stageTimes() {
    line("%s", "");
    line("time per micro-batch%15s %10s %10s %10s %10s %10s %10s", "compute", "recompute",
         "exchange", "transfer", "noise", "total", "sync+opt");
    for (size_t i = 0; i < plan.stages.size(); ++i) {
      const StagePlan &s = plan.stages[i];
      auto ns = [](int64_t value) { return formatNs(double(value)); };
      line("  %-12s %-9s %10s %10s %10s %10s %10s %10s %10s", stageName(i).c_str(),
           rematText(s).c_str(), ns(s.computeNs).c_str(), ns(s.recomputeNs).c_str(),
           ns(s.exchangeNs).c_str(), ns(s.transferNs).c_str(), ns(s.noiseNs).c_str(),
           ns(s.microBatchNs).c_str(), ns(s.syncNs + s.optimizerNs).c_str());
    }
  }

  std::string stageName(size_t i) const {
    const StagePlan &s = plan.stages[i];
    return std::to_string(i) + ": " + std::to_string(s.firstLayer) + ".." +
           std::to_string(s.endLayer);
  }

  static std::string rematText(const StagePlan &stage) {
    auto count = std::count(stage.remat.begin(), stage.remat.end(), true);
    return count == 0 ? "" : "remat " + std::to_string(count);
  }

  void stageMemory() {
    line("%s", "");
    line("memory of a device%17s %10s %10s %10s %10s %10s %10s", "parameters", "gradients",
         "optimizer", "activation", "working", "buffers", "peak");
    for (size_t i = 0; i < plan.stages.size(); ++i) {
      const StagePlan &s = plan.stages[i];
      line("  %-22s %10s %10s %10s %10s %10s %10s %10s", stageName(i).c_str(),
           formatBytes(s.parameterBytes).c_str(), formatBytes(s.gradientBytes).c_str(),
           formatBytes(s.optimizerBytes).c_str(), formatBytes(s.activationBytes).c_str(),
           formatBytes(s.transientBytes).c_str(), formatBytes(s.bufferBytes).c_str(),
           formatBytes(s.peakBytes).c_str());
    }
    line("  usable: %s",
         formatCapacity(problem.cluster.device.memoryBytes, problem.job.memoryMarginPpm).c_str());
  }

  void binding() {
    int64_t usable =
        usableMemoryBytes(problem.cluster.device.memoryBytes, problem.job.memoryMarginPpm);
    line("%s", "");
    line("what binds");
    line("  stage %d sets the pace: %s per micro-batch", int(slowestStage()),
         formatNs(double(plan.stages[slowestStage()].microBatchNs)).c_str());
    for (size_t first = 0, end; first < plan.stages.size(); first = end) {
      end = first + 1;
      while (end < plan.stages.size() &&
             rematText(plan.stages[end]) == rematText(plan.stages[first]))
        ++end;
      if (std::string remat = rematText(plan.stages[first]); !remat.empty())
        line("  %s short of memory: %s, %s", stageRange(first, end).c_str(),
             (remat == "remat 1" ? remat + " layer each" : remat + " layers each").c_str(),
             leftText(first, end, usable).c_str());
    }
    pins();
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
    auto pin = [&](const char *name, const std::optional<int64_t> &value) {
      if (value)
        line("  pinned: %s = %lld", name, (long long)*value);
    };
    pin("pp", pins.pp);
    pin("dp", pins.dp);
    pin("ep", pins.ep);
    pin("micro-batch", pins.microBatch);
    if (pins.remat)
      line("  pinned: %s layer rematerialized", *pins.remat ? "every" : "no");
    forbids();
  }

  void forbids() {
    const Forbids &forbids = problem.job.forbids;
    auto forbid = [&](const char *name, const std::vector<int64_t> &values) {
      for (int64_t value : values)
        line("  forbidden: %s = %lld", name, (long long)value);
    };
    forbid("pp", forbids.pp);
    forbid("dp", forbids.dp);
    forbid("ep", forbids.ep);
    forbid("micro-batch", forbids.microBatch);
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

  void runners() {
    if (answer.runnersUp.empty())
      return;
    line("%s", "");
    line("next best layouts");
    for (const Runner &runner : answer.runnersUp) {
      const Layout &l = runner.layout;
      line("  pp %-4lld dp %-5lld ep %-4lld micro-batch %-3lld %12s  %s", (long long)l.pp,
           (long long)l.dp, (long long)l.ep, (long long)l.microBatch,
           formatNs(double(runner.objectiveNs)).c_str(), runner.reason.c_str());
    }
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
    text += summarizeRemarks(problem);
  }

  const Problem &problem;
  const Answer &answer;
  const Plan &plan;
  std::string text;
};

} // namespace

std::string sigma::planner::explain(const Problem &problem, const Answer &answer) {
  return Report(problem, answer).run();
}
