#include "planner/search/Runners.h"

#include "planner/StepTerms.h"
#include "planner/Units.h"

#include <cstdio>
#include <vector>

using namespace sigma::planner;

std::string sigma::planner::whyItLoses(const Plan &winner, const Plan &runner) {
  if (runner.objectiveNs == winner.objectiveNs)
    return "as fast";
  std::vector<StepTerm> ours = stepTerms(winner, averageStage(winner));
  std::vector<StepTerm> theirs = stepTerms(runner, averageStage(runner));
  size_t worst = 0;
  for (size_t i = 1; i < ours.size(); ++i)
    if (theirs[i].ns - ours[i].ns > theirs[worst].ns - ours[worst].ns)
      worst = i;
  double percent = 100.0 * (double(runner.objectiveNs) / double(winner.objectiveNs) - 1);
  char text[32];
  snprintf(text, sizeof(text), "%.2f %% slower", percent);
  return std::string(text) + "; most of it is " + ours[worst].name + ": " +
         formatNs(double(theirs[worst].ns)) + " against " + formatNs(double(ours[worst].ns));
}
