#include "planner/search/StageProver.h"

#include "planner/cost/Arithmetic.h"

#include <chrono>
#include <string>
#include <z3++.h>

using namespace sigma::planner;

// About ten seconds of a hard query on one core; the largest query of the benchmarks
// needs a hundredth.
static constexpr unsigned kResourceLimit = 30000000;
// Building terms for more options than this costs more than it can prove.
static constexpr size_t kMaxEncodedOptions = 30000;

struct StageProver::Encoding {
  Encoding(z3::context &context, const OptionGraph &graph)
      : graph(graph), context(context), solver(context, z3::solver::simple()),
        steady(context.int_const("steady")), tail(context.int_const("tail")) {}

  void encodeStates();
  void encodeStage(size_t stage);
  void encodeCost(int64_t limitNs);
  void addExactlyOne(const z3::expr_vector &literals);
  z3::expr integer(int64_t value) { return context.int_val(value); }
  Split read(const z3::model &model) const;

  const OptionGraph &graph;
  z3::context &context;
  z3::solver solver;
  z3::expr steady, tail;
  std::vector<std::vector<z3::expr>> options;               // per stage, as in the graph
  std::vector<std::vector<std::optional<z3::expr>>> states; // after s stages, by layers passed
  std::vector<z3::expr> reduced;                            // per stage
};

// Names begin with a letter: Z3 prints others unquoted and could not read its own output back.
static std::string name(const char *prefix, size_t stage, int64_t index) {
  return std::string(prefix) + std::to_string(stage) + "_" + std::to_string(index);
}

void StageProver::Encoding::addExactlyOne(const z3::expr_vector &literals) {
  solver.add(z3::mk_or(literals));
  for (unsigned i = 0; i < literals.size(); ++i)
    for (unsigned j = i + 1; j < literals.size() && literals.size() <= 8; ++j)
      solver.add(!literals[i] || !literals[j]);
  if (literals.size() > 8)
    solver.add(z3::atmost(literals, 1));
}

// The states that an option enters; presolve has left only those that lie on a whole path.
void StageProver::Encoding::encodeStates() {
  states.resize(graph.stages.size() + 1);
  for (auto &layer : states)
    layer.resize(graph.numUnits + 1);
  for (size_t stage = 0; stage < graph.stages.size(); ++stage)
    for (const StageOption &option : graph.stages[stage]) {
      auto &from = states[stage][option.first], &to = states[stage + 1][option.end()];
      if (!from)
        from = context.bool_const(name("r", stage, option.first).c_str());
      if (!to)
        to = context.bool_const(name("r", stage + 1, option.end()).c_str());
    }
  for (const auto &layer : states) {
    z3::expr_vector present(context);
    for (const auto &state : layer)
      if (state)
        present.push_back(*state);
    addExactlyOne(present);
  }
}

void StageProver::Encoding::encodeStage(size_t stage) {
  z3::expr cost = context.int_const(name("d", stage, 0).c_str());
  z3::expr_vector literals(context);
  options.emplace_back();
  for (const StageOption &option : graph.stages[stage]) {
    z3::expr chosen = context.bool_const(name("x", stage, literals.size()).c_str());
    const z3::expr &from = *states[stage][option.first];
    const z3::expr &to = *states[stage + 1][option.end()];
    solver.add(z3::implies(chosen, from) && z3::implies(chosen, to));
    solver.add(z3::implies(chosen, cost == integer(option.reducedNs)));
    const StageTimes &times = option.times;
    if (times.steadyNs > graph.leastSteadyNs)
      solver.add(z3::implies(chosen, steady >= integer(times.steadyNs)));
    if (times.tailNs > graph.leastTailNs)
      solver.add(z3::implies(chosen, tail >= integer(times.tailNs)));
    literals.push_back(chosen);
    options.back().push_back(chosen);
  }
  addExactlyOne(literals);
  solver.add(cost >= 0);
  reduced.push_back(cost);
}

void StageProver::Encoding::encodeCost(int64_t limitNs) {
  solver.add(steady >= integer(graph.leastSteadyNs));
  solver.add(tail >= integer(graph.leastTailNs));
  z3::expr fill = integer(graph.leastFillNs);
  for (const z3::expr &cost : reduced)
    fill = fill + cost;
  solver.add(steady + fill + tail <= integer(limitNs));
}

Split StageProver::Encoding::read(const z3::model &model) const {
  Split split;
  OptionPath path;
  for (size_t stage = 0; stage < options.size(); ++stage)
    for (size_t i = 0; i < options[stage].size(); ++i)
      if (model.eval(options[stage][i], true).is_true()) {
        path.push_back(&graph.stages[stage][i]);
        split.counts.push_back(path.back()->count);
        break;
      }
  split.costNs = costNs(path);
  return split;
}

namespace {

// Adds the time that it lives to a sum.
class Stopwatch {
public:
  explicit Stopwatch(double &sumMs) : sumMs(sumMs), start(std::chrono::steady_clock::now()) {}
  ~Stopwatch() {
    sumMs +=
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  }

private:
  double &sumMs;
  std::chrono::steady_clock::time_point start;
};

} // namespace

ProverSession::ProverSession() : context(std::make_unique<z3::context>()) {}
ProverSession::~ProverSession() = default;

StageProver::StageProver(ProverSession &session, const OptionGraph &graph, int64_t limitNs,
                         unsigned deadlineMs)
    : session(session) {
  const Stopwatch stopwatch(session.spentMs);
  if (graph.empty() || graph.numOptions() > kMaxEncodedOptions)
    return;
  encoding = std::make_unique<Encoding>(*session.context, graph);
  z3::params parameters(encoding->context);
  parameters.set("rlimit", kResourceLimit);
  if (deadlineMs > 0)
    parameters.set("timeout", deadlineMs);
  encoding->solver.set(parameters);
  encoding->encodeStates();
  for (size_t stage = 0; stage < graph.stages.size(); ++stage)
    encoding->encodeStage(stage);
  encoding->encodeCost(limitNs);
}

StageProver::~StageProver() = default;

Verdict StageProver::query() {
  const Stopwatch stopwatch(session.spentMs);
  try {
    switch (encoding->solver.check()) {
    case z3::unsat:
      return Verdict::Refuted;
    case z3::sat:
      found = encoding->read(encoding->solver.get_model());
      return Verdict::Found;
    case z3::unknown:
      return Verdict::Unknown;
    }
  } catch (const z3::exception &) {
    // Out of resources inside a tactic: undecided, like `unknown`.
  }
  return Verdict::Unknown;
}

Verdict StageProver::check() { return encoding ? query() : Verdict::Unknown; }

bool StageProver::makeCanonical() {
  const OptionGraph &graph = encoding->graph;
  int64_t first = 0;
  for (size_t stage = 0; stage < graph.stages.size(); ++stage) {
    // Ask for fewer layers on this stage until there is no such plan, then keep what was found.
    for (bool smaller = true; smaller;) {
      z3::expr_vector fewer(encoding->context);
      for (size_t i = 0; i < graph.stages[stage].size(); ++i)
        if (const StageOption &option = graph.stages[stage][i];
            option.first == first && option.count < found.counts[stage])
          fewer.push_back(encoding->options[stage][i]);
      if (fewer.empty())
        break;
      encoding->solver.push();
      encoding->solver.add(z3::mk_or(fewer));
      Verdict verdict = query();
      encoding->solver.pop();
      if (verdict == Verdict::Unknown)
        return false;
      smaller = verdict == Verdict::Found;
    }
    first += found.counts[stage];
    encoding->solver.add(*encoding->states[stage + 1][first]);
  }
  return true;
}
