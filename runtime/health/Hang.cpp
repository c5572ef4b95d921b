#include "runtime/health/Hang.h"
#include "runtime/Runtime.h"
#include "runtime/WholeFile.h"
#include "runtime/comm/Collect.h"
#include "runtime/comm/Host.h"
#include "runtime/health/Fault.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <functional>

namespace sigma::runtime {

constexpr int64_t kSecondNs = 1000000000, kLeastNs = 60 * kSecondNs;
constexpr int64_t kOfLongestStep = 10, kForFiles = 10;
constexpr int64_t kRepairNs = 3 * kSecondNs;

/// A number that ranks of one host, and most likely no others, have in common.
static int64_t hostNumber() {
  return int64_t(std::hash<std::string>()(hostName()) % (uint64_t(1) << 52));
}

void HangWatch::start(sigma_rt rt) {
  peers.clear();
  patientUntilNs = 0;
  statedNs = int64_t(rt->options.hangAfter * double(kSecondNs));
  const List<double> all = gatherDoubles(rt, {double(getpid()), double(hostNumber())});
  for (size_t i = 0; i < all.size(); i += 2)
    peers.push_back({int64_t(all[i]), int64_t(all[i + 1])});
  beat(rt);
}

void HangWatch::stepDone(sigma_rt rt, int64_t stepNs) {
  longestStepNs = std::max(longestStepNs, stepNs);
  beat(rt);
}

int64_t HangWatch::limitNs() const {
  const int64_t limit =
      statedNs > 0 ? statedNs : std::max(kLeastNs, kOfLongestStep * longestStepNs);
  // Before the first step, a checkpoint is read.
  return waitsForDisk || longestStepNs == 0 ? kForFiles * limit : limit;
}

/// As in /proc/PID/stat; 0 for a process that is gone.
static char stateOf(int64_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  const std::string line((std::istreambuf_iterator<char>(file)), {});
  const size_t name = line.rfind(')'); // it may hold anything
  return name == std::string::npos || name + 2 >= line.size() ? 0 : line[name + 2];
}

/// Ranks of this host that cannot answer, for people.
std::string HangWatch::silentRanks() const {
  std::string text;
  for (size_t rank = 0; rank < peers.size(); ++rank) {
    const char state = peers[rank].host == hostNumber() ? stateOf(peers[rank].process) : 'R';
    const char *what = state == 'T' || state == 't' ? "stopped"
                       : state == 'D'               ? "in a system call that does not end"
                       : state == 0 || state == 'Z' ? "gone"
                                                    : nullptr;
    if (what)
      text += "; rank " + std::to_string(rank) + " (process " +
              std::to_string(peers[rank].process) + ") is " + what;
  }
  return text.empty() ? "; no rank of this host is stopped" : text;
}

/// A stopped process is as good as lost, but nobody hears of it: its death is heard.
void HangWatch::killStopped() const {
  for (const Peer &peer : peers) {
    const char state = peer.host == hostNumber() ? stateOf(peer.process) : 'R';
    if (state == 'T' || state == 't')
      kill(pid_t(peer.process), SIGKILL);
  }
}

void HangWatch::check(sigma_rt rt, int64_t waitedNs) {
  if (waitedNs <= limitNs() || nowNs() < patientUntilNs)
    return;
  if (rt->control.isOn() && patientUntilNs == 0) {
    killStopped(); // or another rank has, and the supervisor begins a repair
    patientUntilNs = nowNs() + kRepairNs;
    return;
  }
  throw FaultError("rank-hung",
                   "rank " + std::to_string(rt->mesh.rank) + " has waited for others for " +
                       std::to_string(waitedNs / kSecondNs) + " s in step " +
                       std::to_string(rt->step.number()) + silentRanks(),
                   SIGMA_EXIT_RETRY);
}

HangWatch::ForDisk::ForDisk(sigma_rt rt) : rt(rt) {
  rt->hang.waitsForDisk = true;
  rt->hang.beat(rt);
}

HangWatch::ForDisk::~ForDisk() {
  rt->hang.waitsForDisk = false;
  rt->hang.beat(rt);
}

std::string beatPath(const std::string &endMarker) { return endMarker + ".beat"; }

void HangWatch::beat(sigma_rt rt) const {
  if (rt->mesh.rank != 0 || rt->options.endMarker.empty())
    return;
  // The time makes every beat another one.
  replaceFile(beatPath(rt->options.endMarker),
              std::to_string(limitNs()) + " " + std::to_string(nowNs()) + "\n");
}

bool BeatReader::isOverdue() {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line))
    return false;
  if (line != last) {
    last = line;
    seenNs = nowNs();
  }
  return nowNs() - seenNs > 2 * std::atoll(line.c_str());
}

} // namespace sigma::runtime
