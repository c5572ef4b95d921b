// What a run says about itself: JSON lines for programs, aligned lines for people. Rank 0 speaks.
#ifndef SIGMA_RUNTIME_REPORT_H
#define SIGMA_RUNTIME_REPORT_H

#include "runtime/Runtime.h"
#include "runtime/health/Spikes.h"

namespace sigma::runtime {

struct StepTime {
  int64_t wallNs, processorNs; // the second of this rank, all its threads
};

class Report {
public:
  /// Collective. `resumed` is the step of the loaded checkpoint, 0 without one.
  Report(Runtime &rt, const std::string &products, int64_t resumed);

  void step(StepTime time);
  /// Collective. The last line of a run that finished; `lossHex` is that of the last step.
  void end(const std::string &lossHex);

private:
  void human(int64_t stepTimeNs);

  Runtime &rt;
  bool terminal;
  int64_t lastHumanNs = 0;
  StepSpikes spikes;
};

} // namespace sigma::runtime

#endif
