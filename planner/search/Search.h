// Best-first branch and bound over families of layouts and their variants, with a proof for each.
#ifndef SIGMA_PLANNER_SEARCH_SEARCH_H
#define SIGMA_PLANNER_SEARCH_SEARCH_H

#include "planner/Planner.h"
#include "planner/cost/Arithmetic.h"
#include "planner/search/Bounds.h"
#include "planner/search/Deadline.h"
#include "planner/search/Layouts.h"
#include "planner/search/MemorySpace.h"
#include "planner/search/OptionGraph.h"
#include "planner/search/StageProver.h"

#include <functional>
#include <optional>

namespace sigma::planner {

class Search {
public:
  Search(const Problem &problem, AskedCosts &asked, const SearchOptions &options);

  // Fills proof, plan without step time and rates, and runners-up; leaves plan empty and the status
  // Infeasible when nothing fits.
  void run(Answer &answer);

private:
  enum class Certificate { None, Time, Memory, Lagrange, Z3 };
  struct Family {
    Layout layout;
    StepConstants constants;
    int64_t boundNs; // no variant is faster
    int64_t numVariants;
    int64_t expandedNs = -1; // variants whose bounds are up to this are among the entries
  };
  // What is known of one layout.
  struct Entry {
    Layout layout;
    int64_t boundNs = 0; // no plan of this layout is faster
    StageTimes least;    // no plan of this layout has less of any of the terms
    Split best;          // the best known split and its objective; no counts: none is known
    int64_t bestNs = kSaturated;
    bool isTooLarge = false; // tables would not fit; stays open
    Certificate certificate = Certificate::None;

    int64_t leastNs(int64_t constantNs) const {
      return addSat(addSat(least.steadyNs, least.fillNs), addSat(least.tailNs, constantNs));
    }
    bool hasBest() const { return !best.counts.empty(); }
    // bestNs is the layout's optimum.
    bool isSolved() const { return hasBest() && boundNs >= bestNs; }
  };
  // The best plan of a layout, by the layout's index.
  struct Candidate {
    size_t index;
    int64_t objectiveNs;
  };
  using Filter = std::function<bool(const Layout &)>;

  void enumerate(Certificates &certificates);
  void boundFamilies();
  void findPlan(const Layout &fitting, Answer &answer);
  void expand(size_t family, int64_t limitNs);
  size_t entryOf(const Layout &layout);
  StageModel model(const Entry &entry);
  std::optional<Candidate> findBest(const Filter &filter, bool isMain);
  void decide(Entry &entry, int64_t limitNs);
  void proveAgainst(Entry &entry, OptionGraph &graph, int64_t limitNs, int64_t constantNs);
  void makeCanonical(Entry &entry);
  Plan toPlan(const Entry &entry);
  void addRunners(Answer &answer);
  void addAlternatives(Answer &answer);
  Runner runnerOf(const Answer &answer, const Entry &entry);
  void countCertificates(Certificates &count, const Candidate &best) const;
  unsigned millisecondsLeft() const;
  void report();
  int64_t openBoundNs(int64_t incumbentNs) const;

  const Problem &problem;
  const SearchOptions &options;
  const LayerSequence &sequence;
  CostCache costs;
  LayoutSpace space;
  MemorySpace memory;
  std::vector<Family> families; // sorted by bound, then canonical order
  std::vector<Entry> entries;   // variants that were looked at
  Deadline deadline;
  int64_t numLayouts = 0, numClosed = 0;
  ProverSession provers;
  int64_t numOutOfMemory = 0; // without asking for modes
  bool hasIncumbent = false;
  int64_t incumbentNs = 0;
  double nextReportS = 0;
};

} // namespace sigma::planner

#endif
