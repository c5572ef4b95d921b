#include "runtime/recovery/Judgement.h"

#include <algorithm>
#include <csignal>
#include <regex>

namespace sigma::runtime {

constexpr double kFirstPauseS = 0.1, kLongestPauseS = 60;

std::optional<FaultClass> classOf(const std::string &kind) {
#define SIGMA_FAULT(name, kindClass, fault, finder, action, test)                                  \
  if (kind == name)                                                                                \
    return FaultClass::kindClass;
#include "runtime/recovery/Faults.def"
  return std::nullopt;
}

std::string kindOfStatus(int status) {
  switch (status - 128) {
  case SIGKILL: // what takes a process from outside: the kernel, a person, a scheduler
  case SIGTERM:
    return "rank-lost";
  case SIGSEGV:
  case SIGABRT:
  case SIGBUS:
  case SIGFPE:
  case SIGILL:
    return "rank-crashed";
  default:
    return "launch-failed";
  }
}

std::optional<double> Patience::next(FaultClass kind, int64_t checkpoint) {
  if (checkpoint > reached)
    attempts = unknown = 0;
  reached = std::max(reached, checkpoint);
  if (kind == FaultClass::Permanent || (kind == FaultClass::Unknown && unknown >= most))
    return std::nullopt;
  unknown += kind == FaultClass::Unknown;
  pauseS = attempts++ == 0 ? kFirstPauseS : std::min(2 * pauseS, kLongestPauseS);
  return pauseS;
}

bool StormGuard::add(const std::string &kind, const std::string &node, int64_t nowNs) {
  std::map<std::string, int64_t> &struck = lastNs[kind];
  struck[node] = nowNs;
  return std::count_if(struck.begin(), struck.end(),
                       [&](const auto &each) { return nowNs - each.second <= kWindowNs; }) >= most;
}

std::optional<LostRank> lostRank(const std::string &said) {
  // Open MPI 4: "process rank 1 with PID 4711 on node n1 exited on signal 9 (Killed)", over several
  // lines.
  static const std::regex words(
      "process\\s+rank\\s+(\\d+)\\s+with\\s+PID\\s+\\d+\\s+on\\s+node\\s+(\\S+)");
  std::smatch found;
  if (!std::regex_search(said, found, words))
    return std::nullopt;
  return LostRank{std::stoll(found[1]), found[2]};
}

std::optional<int64_t> accusedRank(const std::string &reason) {
  // Of Replicas.cpp, Values.cpp and Hang.cpp.
  static const std::regex words(
      "rank (\\d+) (differs from|has a value of|\\(process \\d+\\) is (stopped|gone))");
  std::smatch found;
  if (!std::regex_search(reason, found, words))
    return std::nullopt;
  return std::stoll(found[1]);
}

} // namespace sigma::runtime
