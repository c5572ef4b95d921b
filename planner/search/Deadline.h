// When to stop: at the user's wish, or when the time is over.
#ifndef SIGMA_PLANNER_SEARCH_DEADLINE_H
#define SIGMA_PLANNER_SEARCH_DEADLINE_H

#include "planner/Planner.h"

#include <algorithm>
#include <chrono>

namespace sigma::planner {

// Thrown where what is unfinished says nothing.
struct Stopped {};

class Deadline {
public:
  explicit Deadline(const SearchOptions &options)
      : options(options), start(std::chrono::steady_clock::now()) {}

  double spentS() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  // 0: no limit; otherwise at least a millisecond.
  double leftS() const {
    return options.timeLimitS > 0 ? std::max(1e-3, options.timeLimitS - spentS()) : 0;
  }
  bool isOver() const {
    return (options.cancelled && options.cancelled()) ||
           (options.timeLimitS > 0 && spentS() >= options.timeLimitS);
  }
  void check() const {
    if (isOver())
      throw Stopped();
  }

private:
  const SearchOptions &options;
  std::chrono::steady_clock::time_point start;
};

} // namespace sigma::planner

#endif
