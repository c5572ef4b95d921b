#include "planner/Layout.h"

using namespace sigma::planner;

const char *sigma::planner::axisName(Axis axis) {
  static const char *const names[kNumAxes] = {"tp", "cp",  "pp",   "vpp",         "dp",
                                              "ep", "etp", "zero", "expert zero", "micro-batch"};
  return names[static_cast<int>(axis)];
}

const char *sigma::planner::scheduleName(Schedule schedule) {
  static const char *const names[kNumSchedules] = {"1f1b", "interleaved", "zb-h1", "dualpipev"};
  return names[static_cast<int>(schedule)];
}

bool sigma::planner::splitsBackward(Schedule schedule) {
  return splitsEachBackward(schedule) || schedule == Schedule::DualPipeV;
}

bool sigma::planner::splitsEachBackward(Schedule schedule) {
  return schedule == Schedule::ZeroBubbleH1;
}

const char *sigma::planner::contextKindName(ContextKind kind) {
  return kind == ContextKind::Ring ? "ring" : "all-to-all";
}

const char *sigma::planner::placementName(Placement placement) {
  return placement == Placement::StagesOutside ? "tp-cp-dp-pp" : "tp-cp-pp-dp";
}

static int64_t Layout::*const kFields[kNumAxes] = {
    &Layout::tp, &Layout::cp,  &Layout::pp,   &Layout::vpp,        &Layout::dp,
    &Layout::ep, &Layout::etp, &Layout::zero, &Layout::expertZero, &Layout::microBatch};

int64_t Layout::get(Axis axis) const { return this->*kFields[static_cast<int>(axis)]; }

void Layout::set(Axis axis, int64_t value) { this->*kFields[static_cast<int>(axis)] = value; }
