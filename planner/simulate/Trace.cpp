// A drawn step as a picture.
#include "planner/simulate/Simulate.h"
#include "planner/simulate/Step.h"

#include <nlohmann/json.hpp>

using namespace sigma::planner;
using Json = nlohmann::ordered_json;

const char *sigma::planner::spanName(Span::Kind kind) {
  static const char *const names[] = {"receive",
                                      "forward",
                                      "recompute",
                                      "backward",
                                      "input gradient",
                                      "weight gradient",
                                      "wait",
                                      "spike",
                                      "tensor collective",
                                      "context exchange",
                                      "all-to-all",
                                      "gather parameters",
                                      "reduce gradients",
                                      "update"};
  return names[static_cast<int>(kind)];
}

static Json eventOf(const Span &span) {
  Json event = {{"ph", "X"},
                {"name", spanName(span.kind)},
                {"pid", span.stage},
                {"tid", span.rank},
                {"ts", span.beginNs / 1e3},
                {"dur", (span.endNs - span.beginNs) / 1e3}};
  if (span.microBatch >= 0)
    event["args"] = {{"microBatch", span.microBatch}, {"chunk", span.chunk}};
  return event;
}

std::string sigma::planner::traceJson(const Problem &problem, CostSource &costs, const Plan &plan,
                                      uint64_t seed, uint64_t sample) {
  CheckResult checked = check(problem, costs, plan);
  if (!checked.legal())
    return {};
  Json events = Json::array();
  for (int64_t stage = 0; stage < checked.plan.layout.pp; ++stage)
    events.push_back({{"ph", "M"},
                      {"name", "process_name"},
                      {"pid", stage},
                      {"args", {{"name", "stage " + std::to_string(stage)}}}});
  std::vector<Span> spans;
  Step(problem, costs, checked.plan).sampleNs(seed, sample, &spans);
  for (const Span &span : spans)
    events.push_back(eventOf(span));
  return Json{{"displayTimeUnit", "ms"}, {"traceEvents", std::move(events)}}.dump() + "\n";
}
