// Lower bounds of layouts from sums over the model: microseconds each, before any stage is looked
// at.
#ifndef SIGMA_PLANNER_SEARCH_BOUNDS_H
#define SIGMA_PLANNER_SEARCH_BOUNDS_H

#include "planner/cost/Arithmetic.h"
#include "planner/search/StageModel.h"

#include <map>
#include <utility>
#include <vector>

namespace sigma::planner {

// Parameters, gradients and optimizer state of the average stage, under any variant of one family.
class StaticMemory {
public:
  StaticMemory(const Problem &problem, const LayerSequence &sequence, CostCache &costs,
               const Layout &family);

  // False if they alone overflow the device, had it `moreBytes` more.
  bool fits(const Layout &variant, int64_t moreBytes = 0) const;

private:
  const Problem &problem;
  ReplicatedWork model;
  int64_t capacityBytes = 0; // of the largest device
};

// The part of the step that does not depend on the split, of all variants of a family: schedules
// change what waits, not how it varies.
struct StepConstants {
  int64_t apartNs = 0, lockedNs = 0; // replicas by themselves, and in lock step

  int64_t of(const Layout &variant) const {
    return independentReplicas(variant) == 1 ? lockedNs : apartNs;
  }
};
StepConstants stepConstants(const Problem &problem, const LayerSequence &sequence, CostCache &costs,
                            const Layout &family);

// Of all variants of one family. Holds for every stage: of several kinds of devices, each bound is
// that of the kind where it is least.
class LayoutBounds {
public:
  LayoutBounds(const Problem &problem, const LayerSequence &sequence, CostCache &costs,
               const Layout &family);

  // No variant is faster.
  int64_t familyNs(const StepConstants &constants) const;
  // No plan of the variant has less of any of the terms; first without what its ZeRO stages add.
  StageTimes scheduleTimes(const Layout &variant) const;
  StageTimes variantTimes(const Layout &variant, const StageTimes &scheduleTimes);

private:
  // The whole model on one kind of device.
  struct Totals {
    const CostSet *costs;
    const Device *device;
    ReplicatedWork work;
  };
  // What ZeRO stages add under every schedule.
  struct ZeroTimes {
    std::vector<std::vector<ZeroEach>> pieces; // by kind of device and piece; of stages 2 and 3
    int64_t tailNs = kSaturated,
            headFirstTailNs = kSaturated; // where the head is on the first stage
  };

  const std::vector<const CostSet *> &setsOf(const Layout &variant) const;
  const ZeroTimes &zeroTimes(const Layout &variant);
  int64_t tailNs(const Device &device, const ReplicatedWork &model, const Layout &variant,
                 const ZeroTime &zero) const;

  const Problem &problem;
  const LayerSequence &sequence;
  Layout family;
  std::vector<Totals> kinds; // of devices
  std::map<WorkTiming, std::vector<const CostSet *>> sets;
  std::map<std::pair<int64_t, int64_t>, ZeroTimes> zeros; // by zero and expert zero
  int64_t leastTransferNs = 0;
  bool everyLayerHasExperts = true;
};

} // namespace sigma::planner

#endif
