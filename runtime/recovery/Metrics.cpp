#include "runtime/recovery/Metrics.h"
#include "runtime/abi/abi.h"

#include <algorithm>
#include <sstream>

namespace sigma::runtime {

void Metrics::add(const Json &line, int64_t nowNs) {
  if (line.contains("event"))
    addEvent(line, nowNs);
  else if (line.contains("step"))
    addStep(line, nowNs);
}

void Metrics::addStep(const Json &line, int64_t nowNs) {
  last = line;
  keptNs[line.at("step")] = line.at("stepTimeNs");
  if (brokenNs < 0)
    return;
  ++repairs;
  repairNs += nowNs - brokenNs;
  brokenNs = -1;
}

void Metrics::addEvent(const Json &line, int64_t nowNs) {
  const std::string event = line.at("event");
  if (event == "start") {
    steps = line.value("steps", int64_t(0));
    startAgain(line.value("resumedFrom", int64_t(0)));
  } else if (event == "checkpoint") {
    checkpoint = line.value("step", int64_t(0));
    stallNs += line.value("stallNs", int64_t(0));
  } else if (event == "fault") {
    ++faults[line.value("kind", "unknown")];
    if (line.value("status", 0) == SIGMA_EXIT_RETRY && brokenNs < 0)
      brokenNs = nowNs;
  } else if (event == "restart") {
    ++restarts;
  } else if (event == "repair") {
    ++repairsInJob;
  }
}

void Metrics::startAgain(int64_t resumedFrom) {
  const auto lost = keptNs.upper_bound(resumedFrom);
  for (auto step = lost; step != keptNs.end(); ++step)
    replayedNs += step->second;
  keptNs.erase(lost, keptNs.end());
}

namespace {

class Text {
public:
  void about(const char *name, const char *type, const char *help) {
    out << "# HELP " << name << " " << help << "\n# TYPE " << name << " " << type << "\n";
  }
  void sample(const std::string &name, double value) { out << name << " " << value << "\n"; }
  void gauge(const char *name, const char *help, double value) {
    about(name, "gauge", help);
    sample(name, value);
  }
  void counter(const char *name, const char *help, double value) {
    about(name, "counter", help);
    sample(name, value);
  }
  std::ostringstream out;
};

} // namespace

std::string Metrics::text(int64_t nowNs) const {
  int64_t computed = 0;
  for (const auto &[step, ns] : keptNs)
    computed += ns;
  const double total = double(nowNs - startNs) / 1e9, replayed = double(replayedNs) / 1e9,
               stall = double(stallNs) / 1e9, kept = std::max(0.0, double(computed) / 1e9 - stall),
               down = std::max(0.0, total - kept - replayed - stall);
  Text text;
  text.out.precision(12);
  if (!last.is_null()) {
    text.gauge("sigma_step", "last step that is done", last.value("step", 0.0));
    text.gauge("sigma_steps_wanted", "steps of the whole run", double(steps));
    text.gauge("sigma_loss", "of the last step", last.value("loss", 0.0));
    text.gauge("sigma_gradient_norm", "of the last step", last.value("gradNorm", 0.0));
    text.gauge("sigma_step_seconds", "of the last step", last.value("stepTimeNs", 0.0) / 1e9);
    text.gauge("sigma_tokens_per_second", "of the last step", last.value("tokensPerSecond", 0.0));
  }
  text.gauge("sigma_checkpoint_step", "step of the newest checkpoint", double(checkpoint));
  text.about("sigma_faults_total", "counter", "faults by kind");
  for (const auto &[kind, count] : faults)
    text.sample("sigma_faults_total{kind=\"" + kind + "\"}", double(count));
  text.counter("sigma_restarts_total", "starts of the ranks after the first", double(restarts));
  text.counter("sigma_repairs_total", "losses of ranks that spares made good in the job",
               double(repairsInJob));
  text.about("sigma_seconds_total", "counter",
             "where the time went: steps that count, steps that were done again, checkpoints that "
             "training waited for, and all else, when there was no step");
  text.sample("sigma_seconds_total{part=\"kept\"}", kept);
  text.sample("sigma_seconds_total{part=\"replayed\"}", replayed);
  text.sample("sigma_seconds_total{part=\"checkpoint\"}", stall);
  text.sample("sigma_seconds_total{part=\"down\"}", down);
  text.gauge("sigma_goodput_ratio", "kept time over all", total > 0 ? kept / total : 0);
  text.gauge("sigma_availability_ratio", "time in steps over all",
             total > 0 ? 1 - down / total : 0);
  if (const int64_t interruptions = restarts + repairsInJob; interruptions > 0)
    text.gauge("sigma_mtbf_seconds", "mean time in steps between restarts, or repairs in the job",
               (total - down) / double(interruptions));
  if (repairs > 0)
    text.gauge("sigma_mttr_seconds", "mean time from a fault to the next step",
               double(repairNs) / 1e9 / double(repairs));
  return text.out.str();
}

} // namespace sigma::runtime
