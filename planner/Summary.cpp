#include "planner/Summary.h"

#include "planner/LayoutText.h"
#include "planner/Units.h"

#include <cstdarg>
#include <cstdio>

using namespace sigma::planner;

__attribute__((format(printf, 1, 2))) static std::string line(const char *format, ...) {
  char buffer[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(buffer, sizeof(buffer), format, arguments);
  va_end(arguments);
  return std::string(buffer) + "\n";
}

std::string sigma::planner::summarizeRemarks(const Problem &problem) {
  std::string text;
  for (const std::string &remark : problem.remarks)
    text += "  remark     " + remark + "\n";
  return text;
}

std::string sigma::planner::summarize(const Problem &problem, const Plan &plan) {
  const StepTime &step = plan.stepTime;
  return line("plan for %s on %s, %lld devices", problem.model.name.c_str(),
              problem.cluster.name.c_str(), (long long)problem.cluster.numDevices) +
         line("  layout     %s", formatLayout(plan.layout).c_str()) +
         line("  step       mean %s  p50 %s  p95 %s  (minimized: p%g)",
              formatNs(step.meanNs).c_str(), formatNs(step.p50Ns).c_str(),
              formatNs(step.p95Ns).c_str(), double(problem.job.quantilePpm) * 1e-4) +
         line("  rate       %.0f tokens/s, MFU %.1f %%", plan.tokensPerSecond, 100 * plan.mfu) +
         summarizeRemarks(problem);
}

std::string sigma::planner::summarizeStages(const Plan &plan) {
  return formatStages(
      plan, {{"remat", formatRemat},
             {"micro-batch", [](const StagePlan &s) { return formatNs(double(s.microBatchNs)); }},
             {"peak memory", [](const StagePlan &s) { return formatBytes(s.peakBytes); }}});
}

std::string sigma::planner::summarizeProof(const Proof &proof) {
  if (proof.configurations == 0)
    return line("proof: none, this plan was given");
  const Certificates &c = proof.certificates;
  std::string status =
      proof.status == ProofStatus::Optimal ? "optimal: nothing in the space is better"
      : proof.status == ProofStatus::Gap   ? "gap " + std::to_string(100 * proof.gap) + " %"
                                           : "infeasible";
  return line("proof: %s; %lld configurations in %lld ms (closed by memory %lld, bound %lld, "
              "Lagrange %lld, Z3 %lld; indivisible %lld)",
              status.c_str(), (long long)proof.configurations, (long long)proof.wallMs,
              (long long)c.memoryBound, (long long)c.timeBound, (long long)c.lagrange,
              (long long)c.z3, (long long)c.indivisible);
}

std::string sigma::planner::summarizeCheck(const Problem &problem, const CheckResult &result) {
  if (!result.error.empty())
    return "error: " + result.error + "\n";
  std::string text = result.violations.empty() ? "legal\n" : "not legal:\n";
  for (const Violation &violation : result.violations)
    text += line("  %s: %s", violation.limit.c_str(), violation.amount.c_str());
  if (result.plan.stepTime.meanNs > 0)
    text += summarize(problem, result.plan) + summarizeStages(result.plan);
  return text;
}
