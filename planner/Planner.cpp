#include "planner/Planner.h"

#include "planner/Validate.h"
#include "planner/check/Check.h"
#include "planner/search/Conflicts.h"
#include "planner/search/Search.h"

#include <cstdlib>
#include <exception>

using namespace sigma::planner;

// A plan leaves only if the independent recount agrees with it to the nanosecond and the byte.
static std::string disagreement(const Plan &plan, const CheckResult &check) {
  if (!check.error.empty())
    return check.error;
  if (!check.violations.empty())
    return check.violations.front().limit + ": " + check.violations.front().amount;
  auto differ = [](const std::string &what, int64_t ours, int64_t theirs) {
    return what + " is " + std::to_string(ours) + " by the search and " + std::to_string(theirs) +
           " by the check";
  };
  // Both round the same real number up, but sum its variance in different orders.
  if (std::abs(plan.noiseNs - check.plan.noiseNs) > 1)
    return differ("noise in ns", plan.noiseNs, check.plan.noiseNs);
  int64_t core = plan.objectiveNs - plan.noiseNs;
  int64_t recounted = check.plan.objectiveNs - check.plan.noiseNs;
  if (core != recounted)
    return differ("step time without noise in ns", core, recounted);
  for (size_t i = 0; i < plan.stages.size(); ++i) {
    const StagePlan &ours = plan.stages[i], &theirs = check.plan.stages[i];
    std::string stage = "stage " + std::to_string(i) + ": ";
    if (ours.microBatchNs != theirs.microBatchNs)
      return differ(stage + "time in ns", ours.microBatchNs, theirs.microBatchNs);
    if (ours.peakBytes != theirs.peakBytes)
      return differ(stage + "peak in bytes", ours.peakBytes, theirs.peakBytes);
  }
  return {};
}

// Why the recount refuses a plan; of one that it confirms, what only the recount knows, which has
// also gone through the schedule.
static std::string confirm(const Problem &problem, CostSource &costs, Plan &plan) {
  const CheckResult check = recount(problem, costs, plan);
  std::string reason = disagreement(plan, check);
  if (!reason.empty())
    return reason;
  plan.stepTime = check.plan.stepTime;
  plan.tokensPerSecond = check.plan.tokensPerSecond;
  plan.mfu = check.plan.mfu;
  for (size_t stage = 0; stage < plan.stages.size(); ++stage)
    plan.stages[stage].tiers = check.plan.stages[stage].tiers;
  return reason;
}

static void solve(const Problem &problem, CostSource &costs, AskedCosts &asked,
                  const SearchOptions &options, Answer &answer) {
  Search(problem, asked, options).run(answer);
  if (!answer.error.empty())
    return;
  if (answer.plan.stages.empty()) {
    answer.proof.status = ProofStatus::Infeasible;
    return;
  }
  std::string reason = confirm(problem, costs, answer.plan);
  for (std::vector<Runner> *others : {&answer.runnersUp, &answer.alternatives})
    for (Runner &other : *others)
      reason = reason.empty() ? confirm(problem, costs, other.plan) : reason;
  if (reason.empty())
    return;
  answer = Answer();
  answer.error = "a plan found was refused by the independent check: " + reason;
}

Answer sigma::planner::plan(const Problem &problem, CostSource &costs,
                            const SearchOptions &options) {
  Answer answer;
  answer.error = validate(problem);
  if (!answer.error.empty())
    return answer;
  try {
    AskedCosts asked(problem.model, costs);
    const Deadline deadline(options);
    solve(problem, costs, asked, options, answer);
    if (answer.error.empty() && answer.proof.status == ProofStatus::Infeasible) {
      auto solveChanged = [&](const Problem &changed) {
        SearchOptions rest;
        rest.timeLimitS = deadline.leftS();
        rest.cancelled = options.cancelled;
        Answer trial;
        if (validate(changed).empty())
          solve(changed, costs, asked, rest, trial);
        return trial;
      };
      findConflicts(problem, asked, deadline, solveChanged, answer);
    }
  } catch (const std::exception &error) {
    answer.error = error.what();
  } catch (...) {
    answer.error = "the cost source threw something that is no std::exception";
  }
  return answer;
}

CheckResult sigma::planner::check(const Problem &problem, CostSource &costs, const Plan &plan) {
  CheckResult result;
  result.plan = plan;
  result.error = validate(problem);
  if (!result.error.empty())
    return result;
  try {
    result = recount(problem, costs, plan);
  } catch (const std::exception &error) {
    result.error = error.what();
  } catch (...) {
    result.error = "the cost source threw something that is no std::exception";
  }
  return result;
}
