// What a supervised run has achieved, and where its time went, for Prometheus. All of it comes from
// the lines of the run's log.
#ifndef SIGMA_RUNTIME_RECOVERY_METRICS_H
#define SIGMA_RUNTIME_RECOVERY_METRICS_H

#include "runtime/Log.h"

#include <cstdint>
#include <map>
#include <string>

namespace sigma::runtime {

class Metrics {
public:
  explicit Metrics(int64_t nowNs) : startNs(nowNs) {}
  /// A line of the log that was read at `nowNs`.
  void add(const Json &line, int64_t nowNs);
  /// The text format of Prometheus (exposition format 0.0.4).
  std::string text(int64_t nowNs) const;

private:
  void addStep(const Json &line, int64_t nowNs);
  void addEvent(const Json &line, int64_t nowNs);
  void startAgain(int64_t resumedFrom);

  int64_t startNs;
  Json last;                         // step
  std::map<int64_t, int64_t> keptNs; // by step
  int64_t replayedNs = 0, stallNs = 0;
  int64_t checkpoint = 0, steps = 0;
  std::map<std::string, int64_t> faults; // by kind
  int64_t restarts = 0, repairsInJob = 0, repairs = 0, repairNs = 0;
  int64_t brokenNs = -1; // since when, or -1
};

} // namespace sigma::runtime

#endif
