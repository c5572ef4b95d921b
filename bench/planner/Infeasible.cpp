// Are the reasons why nothing fits right? Every named set of limits minimal, every suggestion
// carried out.
#include "bench/planner/Report.h"
#include "test/unit/planner/ConflictOracle.h"

#include <chrono>
#include <cstdio>

using namespace sigma::bench;
using namespace sigma::planner;
using namespace sigma::planner::test;

static constexpr const char *kUsage = R"(usage: infeasible [--instances=100] [--seed=5000] [--json]

--instances  random infeasible instances of up to 5 layers and 8 devices. By exhaustive enumeration: nothing obeys all
             limits that the answer names, something obeys all but any one of them, and each suggestion, carried out,
             makes a plan fit; of memory, hardly less would do
Exit status 1 if an answer is wrong.)";

int main(int argc, char **argv) {
  const Options options(argc, argv, kUsage, {{"instances", 100}, {"seed", 5000}});
  const auto start = std::chrono::steady_clock::now();
  Row row;
  row.name = "conflicts of infeasible instances against exhaustive enumeration";
  int64_t seen = 0, ofMemory = 0, limits = 0, suggestions = 0, helped = 0;
  for (int64_t seed = options.get("seed"); seen < options.get("instances"); ++seed) {
    Instance instance = tightInstance(static_cast<uint64_t>(seed));
    const Answer answer = plan(instance.problem, instance.costs);
    if (answer.error.empty() && !answer.plan.stages.empty())
      continue;
    ++seen;
    ConflictJudgement judgement;
    judgement.complaint = answer.error;
    if (answer.error.empty())
      judgement = judgeConflicts(instance, answer.conflicts);
    ofMemory += judgement.isOfMemory;
    limits += static_cast<int64_t>(answer.conflicts.size());
    suggestions += judgement.suggestions;
    helped += judgement.suggestions > 0;
    if (!judgement.complaint.empty())
      row.complaints.push_back("seed " + std::to_string(seed) + ": " + judgement.complaint);
    if (seen % 25 == 0)
      fprintf(stderr, "%lld infeasible instances\n", static_cast<long long>(seen));
  }
  row.figures = {{"infeasible instances", seen},
                 {"where layouts exist but none fits", ofMemory},
                 {"limits named", limits},
                 {"suggestions carried out", suggestions},
                 {"instances with a suggestion", helped}};
  row.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report(options, {row});
}
