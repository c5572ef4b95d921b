// A table for people or JSON for programs, from rows of named figures.
#ifndef SIGMA_BENCH_PLANNER_REPORT_H
#define SIGMA_BENCH_PLANNER_REPORT_H

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sigma::bench {

// What was asked for on the command line: --name=N, each of them listed in `names`.
class Options {
public:
  // Prints what is wrong and ends the program if something is.
  Options(int argc, char **argv, const std::string &usage,
          std::vector<std::pair<std::string, int64_t>> defaults);

  int64_t get(const std::string &name) const;
  bool json = false;

private:
  std::vector<std::pair<std::string, int64_t>> values;
};

// One kind of comparison, many times.
struct Row {
  std::string name;
  std::vector<std::pair<std::string, int64_t>> figures;
  std::vector<std::string> complaints; // at most the first few are printed
  double seconds = 0;
};

// Prints all rows; returns the exit status: 1 if anything complains.
int report(const Options &options, const std::vector<Row> &rows);

} // namespace sigma::bench

#endif
