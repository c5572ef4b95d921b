// The rules that a plan must obey (docs/cost-model.md, "What is legal"), and what the user asked
// for.
#ifndef SIGMA_PLANNER_CHECK_RULES_H
#define SIGMA_PLANNER_CHECK_RULES_H

#include "planner/Planner.h"

#include <optional>

namespace sigma::planner {

class RuleBook {
public:
  RuleBook(const Problem &problem, const Plan &plan, std::vector<Violation> &violations)
      : problem(problem), plan(plan), layout(plan.layout), violations(violations) {}

  // False if the cost cannot be computed at all.
  bool check();

private:
  enum Severity { Legal, Fatal }; // Fatal: without this rule there is nothing to compute
  void rule(bool ok, const std::string &limit, const std::string &amount,
            Severity severity = Legal);

  // Rules.cpp
  bool degreesArePositive();
  std::optional<int64_t> numMicroBatches() const;
  void devices();
  void batch();
  void divisibility();
  void experts();
  void sequence();
  void schedule();
  void zero();
  void placement();

  // RulesOfLayers.cpp
  void layers();
  bool stagesAreGiven();
  std::vector<int64_t> countHolders(int64_t numLayers);
  void layersAreHeldOnce(const std::vector<int64_t> &holders);
  void layersAreInOrder();
  const LayerRange &rangeOf(int64_t part) const;

  // RulesOfChoice.cpp
  void pins();
  void forbids();

  const Problem &problem;
  const Plan &plan;
  const Layout &layout;
  std::vector<Violation> &violations;
  bool canCost = true;
};

} // namespace sigma::planner

#endif
