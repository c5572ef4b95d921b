// Does the search return the optimum? Against exhaustive enumeration on small random instances, and
// against a dynamic program on large ones.
#include "bench/planner/Report.h"
#include "test/unit/planner/Agreement.h"

#include <chrono>
#include <cstdio>
#include <functional>
#include <set>

using namespace sigma::bench;
using namespace sigma::planner;
using namespace sigma::planner::test;

namespace {

constexpr const char *kUsage =
    R"(usage: optimality [--small=300] [--ties=50] [--large=70] [--seed=1] [--json]

--small  random instances of up to 7 layers and 8 devices, every feature of the space on in some of them: the whole
         space and 4 layouts drawn from it, each enumerated exhaustively
--ties   the same where times are multiples of a large unit, so that many plans cost the same
--large  random instances of up to 48 layers and 16 devices: the whole space by a dynamic program, and the option
         tables of 4 layouts by the program and by Z3
Every plan passes the check. Exit status 1 if anything differs by more than the last nanosecond of the noise.)";

// What the plans of a row make use of.
class Coverage {
public:
  void add(const Agreement &agreement) {
    layouts += agreement.layouts;
    tables += agreement.tables;
    isFeasible += agreement.isFeasible;
    if (agreement.plan.stages.empty())
      return;
    const Layout &l = agreement.plan.layout;
    tensor += l.tp > 1 || l.etp > 1;
    context += l.cp > 1;
    expert += l.ep > 1;
    pipeline += l.pp > 1;
    otherSchedule += l.schedule != Schedule::OneForwardOneBackward;
    zero += l.zero > 0 || l.expertZero > 0;
    otherPlacement += l.placement == Placement::StagesInside;
    bool recomputes = false;
    for (const StagePlan &stage : agreement.plan.stages)
      recomputes |= std::set<std::string>(stage.remat.begin(), stage.remat.end()) !=
                    std::set<std::string>{"none"};
    remat += recomputes;
  }

  std::vector<std::pair<std::string, int64_t>> figures(int64_t instances) const {
    return {{"instances", instances},
            {"with a plan", isFeasible},
            {"layouts", layouts},
            {"option tables by Z3 and the program", tables},
            {"best plan has tp or etp > 1", tensor},
            {"best plan has cp > 1", context},
            {"best plan has ep > 1", expert},
            {"best plan has pp > 1", pipeline},
            {"best plan has another schedule than 1f1b", otherSchedule},
            {"best plan has ZeRO", zero},
            {"best plan has pipelines as blocks", otherPlacement},
            {"best plan rematerializes", remat}};
  }

private:
  int64_t layouts = 0, tables = 0, isFeasible = 0, tensor = 0, context = 0, expert = 0,
          pipeline = 0, otherSchedule = 0, zero = 0, otherPlacement = 0, remat = 0;
};

Row compare(const std::string &name, int64_t firstSeed, int64_t instances,
            const std::function<Agreement(uint64_t)> &agreementOf) {
  Row row;
  row.name = name;
  Coverage coverage;
  const auto start = std::chrono::steady_clock::now();
  for (int64_t i = 0; i < instances; ++i) {
    const uint64_t seed = static_cast<uint64_t>(firstSeed + i);
    const Agreement agreement = agreementOf(seed);
    coverage.add(agreement);
    if (!agreement.complaint.empty())
      row.complaints.push_back("seed " + std::to_string(seed) + ": " + agreement.complaint);
    if ((i + 1) % 25 == 0)
      fprintf(stderr, "%s: %lld of %lld\n", name.c_str(), static_cast<long long>(i + 1),
              static_cast<long long>(instances));
  }
  row.figures = coverage.figures(instances);
  row.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return row;
}

} // namespace

int main(int argc, char **argv) {
  const Options options(argc, argv, kUsage,
                        {{"small", 300}, {"ties", 50}, {"large", 70}, {"seed", 1}});
  const int64_t seed = options.get("seed");
  return report(
      options,
      {compare("small instances against exhaustive enumeration", seed, options.get("small"),
               [](uint64_t seed) {
                 return compareWithEnumeration(randomInstance(seed, 7, 8, false), seed, 4);
               }),
       compare("ties against exhaustive enumeration", 1000 + seed, options.get("ties"),
               [](uint64_t seed) {
                 return compareWithEnumeration(randomInstance(seed, 6, 8, true), seed, 4);
               }),
       compare("large instances against the dynamic program", seed, options.get("large"),
               [](uint64_t seed) { return compareWithLabels(largeInstance(seed), seed, 3); })});
}
