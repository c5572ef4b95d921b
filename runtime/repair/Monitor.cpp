#include "runtime/repair/Monitor.h"
#include "runtime/abi/abi.h"
#include "runtime/checkpoint/Payload.h"
#include "runtime/comm/Wait.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <set>
#include <system_error>

namespace sigma::runtime {
namespace {

constexpr int64_t kSecondNs = 1000000000;
// A rank answers when it waits the next time; one that computes for longer than this is stopped.
constexpr int64_t kRepairNs = 120 * kSecondNs;
constexpr int64_t kLeaveNs = 10 * kSecondNs;

void check(bool good, const char *what) {
  if (!good)
    throw std::system_error(errno, std::generic_category(), what);
}

/// What only the processes of this job know.
std::string newToken() {
  unsigned char bytes[16];
  check(getrandom(bytes, sizeof(bytes), 0) == ssize_t(sizeof(bytes)), "random numbers");
  std::string text;
  for (const unsigned char byte : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof(digits), "%02x", byte);
    text += digits;
  }
  return text;
}

/// Of this machine; first that which only its own processes reach.
std::vector<std::string> ownAddresses() {
  std::vector<std::string> addresses = {"127.0.0.1"};
  ifaddrs *list = nullptr;
  if (getifaddrs(&list) != 0)
    return addresses;
  for (const ifaddrs *each = list; each; each = each->ifa_next) {
    if (!each->ifa_addr || each->ifa_addr->sa_family != AF_INET || !(each->ifa_flags & IFF_UP) ||
        each->ifa_flags & IFF_LOOPBACK)
      continue;
    char text[INET_ADDRSTRLEN] = "";
    const auto *address = reinterpret_cast<const sockaddr_in *>(each->ifa_addr);
    if (inet_ntop(AF_INET, &address->sin_addr, text, sizeof(text)))
      addresses.push_back(text);
  }
  freeifaddrs(list);
  return addresses;
}

} // namespace

Monitor::Monitor(int64_t ranks, int64_t spares, const Log &log)
    : ranks(ranks), wanted(ranks + spares), log(log), token(newToken()), phaseNs(nowNs()) {
  listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  check(listening >= 0, "the supervisor's socket");
  sockaddr_in any = {};
  any.sin_family = AF_INET;
  any.sin_addr.s_addr = INADDR_ANY;
  socklen_t size = sizeof(any);
  check(bind(listening, reinterpret_cast<sockaddr *>(&any), sizeof(any)) == 0 &&
            listen(listening, 1024) == 0 &&
            getsockname(listening, reinterpret_cast<sockaddr *>(&any), &size) == 0,
        "the supervisor's socket");
  port = ntohs(any.sin_port);
  wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  check(wake >= 0, "an event");
  thread = startQuietThread([this] { serve(); });
}

Monitor::~Monitor() {
  const uint64_t one = 1;
  if (write(wake, &one, sizeof(one)) == ssize_t(sizeof(one)))
    thread.join();
  else
    thread.detach(); // cannot be: the event has room for 2^64 wakes
  close(listening);
  close(wake);
}

std::string Monitor::address() const {
  return Json{{"addresses", ownAddresses()}, {"port", port}, {"token", token}}.dump();
}

bool Monitor::mustEnd() const { return ended; }
std::string Monitor::reason() const { return ended ? why : ""; }

template <class F>
bool Monitor::all(F f) const {
  return std::all_of(processOf.begin(), processOf.end(),
                     [&](int number) { return f(processes.at(number)); });
}

void Monitor::serve() {
  for (;;) {
    std::vector<pollfd> polled = {{wake, POLLIN, 0}, {listening, POLLIN, 0}};
    for (const auto &[number, process] : processes)
      if (process.line.isOpen())
        polled.push_back({process.line.descriptor(), POLLIN, 0});
    for (const Connection &stranger : strangers)
      polled.push_back({stranger.descriptor(), POLLIN, 0});
    poll(polled.data(), polled.size(), 200);
    if (polled[0].revents)
      return;
    accept();
    std::vector<int> lost;
    for (auto &[number, process] : processes) {
      if (!process.line.isOpen())
        continue;
      hear(number);
      if (!process.line.isOpen())
        lost.push_back(number);
    }
    if (!lost.empty())
      lose(lost);
    checkDeadlines();
  }
}

void Monitor::accept() {
  for (int socket; (socket = ::accept(listening, nullptr, nullptr)) >= 0;)
    strangers.emplace_back(socket);
  std::vector<Connection> waiting;
  std::swap(waiting, strangers);
  for (Connection &stranger : waiting)
    greet(std::move(stranger));
}

/// A process that knows the token is one of the job; who says anything else is nobody.
void Monitor::greet(Connection line) {
  const std::optional<Json> message = line.next();
  if (!message) {
    if (line.isOpen())
      strangers.push_back(std::move(line));
    return;
  }
  const int number = message->value("process", -1);
  if (message->value("hello", "") != token || number < 0 || number >= wanted ||
      processes.count(number))
    return;
  line.send({{"welcome", number}});
  Process &process = processes[number];
  process.host = message->value("host", "");
  process.pid = message->value("pid", int64_t(0));
  process.line = std::move(line);
}

void Monitor::hear(int number) {
  while (const std::optional<Json> message = processes.at(number).line.next())
    take(number, *message);
}

void Monitor::take(int number, const Json &message) {
  Process &process = processes.at(number);
  if (message.contains("joined")) {
    process.joined = true;
    if (phase == Phase::Starting)
      startWhenWhole();
  } else if (message.contains("giveUp")) {
    giveUp(""); // it says why by its end marker
  } else if (message.contains("ready") && message["ready"] == epoch) {
    process.ready = true;
    process.own = message["own"].get<std::vector<int64_t>>();
    process.ward = message["ward"].get<std::vector<int64_t>>();
    if (phase == Phase::Repairing && all([](const Process &each) { return each.ready; }))
      restart();
  } else if (message.contains("restored") && message["restored"] == epoch) {
    process.restored = true;
    if (phase == Phase::Repairing && all([](const Process &each) { return each.restored; }))
      finishRepair();
  } else if (message.contains("done")) {
    phase = Phase::Over;
    phaseNs = nowNs();
    for (auto &[each, other] : processes)
      other.line.send({{"end", epoch}});
  }
}

void Monitor::startWhenWhole() {
  const auto here = [](const auto &each) { return each.second.joined; };
  if (int64_t(std::count_if(processes.begin(), processes.end(), here)) < wanted)
    return;
  for (int rank = 0; rank < ranks; ++rank) {
    processOf.push_back(rank);
    processes.at(rank).rank = rank;
  }
  distance = findDistance();
  beginEpoch();
}

/// Copies of a rank lie on another host, if every rank has one as far away.
int Monitor::findDistance() const {
  const auto host = [&](int64_t rank) { return processes.at(processOf[rank % ranks]).host; };
  for (int64_t distance = 1; distance < ranks; ++distance) {
    int64_t rank = 0;
    while (rank < ranks && host(rank) != host(rank + distance))
      ++rank;
    if (rank == ranks)
      return int(distance);
  }
  return ranks > 1 ? 1 : 0;
}

void Monitor::lose(const std::vector<int> &numbers) {
  if (phase == Phase::Over || ended)
    return;
  if (phase == Phase::Starting)
    return giveUp("a process was lost at the start");
  if (lostRanks.empty())
    brokenNs = nowNs();
  bool isBroken = false;
  for (const int number : numbers) {
    isBroken = isBroken || processes.at(number).rank >= 0;
    replace(number);
    if (ended)
      return;
  }
  if (isBroken)
    beginEpoch();
}

void Monitor::replace(int number) {
  const Process &lost = processes.at(number);
  const int rank = lost.rank;
  const std::string who = (rank < 0 ? "a spare" : "rank " + std::to_string(rank)) + " (process " +
                          std::to_string(lost.pid) + " of " + lost.host + ")";
  processes.erase(number);
  if (rank < 0) {
    log.event("fault", {{"kind", "spare-lost"}, {"reason", who + " is lost"}});
    return;
  }
  const auto spare = std::find_if(processes.begin(), processes.end(), [](const auto &each) {
    return each.second.rank < 0 && each.second.joined;
  });
  if (spare == processes.end())
    return giveUp(who + " is lost, and no spare is left");
  log.event("fault", {{"kind", "rank-lost"},
                      {"rank", rank},
                      {"reason", who + " is lost; process " + std::to_string(spare->second.pid) +
                                     " takes its place"},
                      {"status", SIGMA_EXIT_RETRY}});
  spare->second.rank = rank;
  processOf[rank] = spare->first;
  lostRanks.push_back(rank);
}

void Monitor::beginEpoch() {
  ++epoch;
  phase = Phase::Repairing;
  phaseNs = nowNs();
  for (const int number : processOf) {
    Process &process = processes.at(number);
    process.ready = process.restored = false;
    process.line.send({{"epoch", epoch}, {"processes", processOf}, {"copyDistance", distance}});
  }
}

bool Monitor::has(int64_t rank, int64_t step) const {
  const std::vector<int64_t> &own = processes.at(processOf[rank]).own;
  return std::count(own.begin(), own.end(), step) > 0;
}

/// Of the rank that far before it.
bool Monitor::keeps(int64_t rank, int64_t step) const {
  const std::vector<int64_t> &ward = processes.at(processOf[rank]).ward;
  return distance > 0 && std::count(ward.begin(), ward.end(), step) > 0;
}

/// The newest step of which every rank has a snapshot, or another one has it; -1 without one.
int64_t Monitor::bestStep() const {
  std::set<int64_t, std::greater<>> steps;
  for (const int number : processOf)
    steps.insert(processes.at(number).own.begin(), processes.at(number).own.end());
  for (const int64_t step : steps) {
    int64_t rank = 0;
    while (rank < ranks && (has(rank, step) || keeps((rank + distance) % ranks, step)))
      ++rank;
    if (rank == ranks)
      return step;
  }
  return -1;
}

void Monitor::restart() {
  restartStep = bestStep();
  std::vector<int> newRanks;
  for (int rank = 0; rank < ranks; ++rank)
    if (!has(rank, restartStep))
      newRanks.push_back(rank);
  for (const int number : processOf)
    processes.at(number).line.send(
        {{"restart", epoch}, {"step", restartStep}, {"newRanks", newRanks}});
}

void Monitor::finishRepair() {
  phase = Phase::Running;
  if (lostRanks.empty())
    return;
  const auto isSpare = [](const auto &each) { return each.second.rank < 0; };
  log.event("repair", {{"epoch", epoch},
                       {"ranks", lostRanks},
                       {"step", restartStep},
                       {"repairNs", nowNs() - brokenNs},
                       {"sparesLeft", std::count_if(processes.begin(), processes.end(), isSpare)}});
  lostRanks.clear();
}

void Monitor::giveUp(const std::string &reason) {
  why = reason;
  ended = true;
}

void Monitor::checkDeadlines() {
  const int64_t passed = nowNs() - phaseNs;
  if (phase == Phase::Over && passed > kLeaveNs)
    ended = true;
  // Before a job is whole, and while it trains, others watch.
  if (phase == Phase::Repairing && epoch > 0 && passed > kRepairNs && !ended)
    giveUp("a rank does not take part in the repair");
}

} // namespace sigma::runtime
