// Best-first branch and bound over layouts, with a proof for each.
#ifndef SIGMA_PLANNER_SEARCH_SEARCH_H
#define SIGMA_PLANNER_SEARCH_SEARCH_H

#include "planner/Planner.h"
#include "planner/search/OptionGraph.h"

#include <chrono>
#include <memory>
#include <optional>

namespace sigma::planner {

class Search {
public:
  Search(const Problem &problem, CostSource &costs, const SearchOptions &options);
  ~Search();

  // Fills proof, plan and runners-up; leaves plan empty and the status Infeasible
  // when nothing fits.
  void run(Answer &answer);

private:
  struct Entry;
  // The best plan of a layout, by the layout's index.
  struct Candidate {
    size_t index;
    int64_t objectiveNs;
  };
  enum class Certificate { None, Time, Memory, Lagrange, Z3 };

  void enumerate(Certificates &certificates);
  StageModel model(const Entry &entry);
  std::optional<Candidate> findBest(int64_t limitNs, bool isMain);
  void decide(Entry &entry, int64_t limitNs);
  void proveAgainst(Entry &entry, OptionGraph &graph, int64_t limitNs, int64_t constantNs);
  void makeCanonical(Entry &entry);
  Plan toPlan(const Entry &entry);
  void addRunners(Answer &answer);
  bool outOfTime() const;
  unsigned millisecondsLeft() const;
  void report() const;
  int64_t openBoundNs(int64_t incumbentNs) const;

  const Problem &problem;
  const SearchOptions &options;
  LayerSequence sequence;
  CostCache costs;
  std::vector<Entry> entries; // sorted by bound, then canonical order
  std::chrono::steady_clock::time_point start;
  bool hasIncumbent = false;
  int64_t incumbentNs = 0;
};

// MFU and tokens per second at the mean step time.
void addThroughput(const Problem &problem, Plan &plan);

} // namespace sigma::planner

#endif
