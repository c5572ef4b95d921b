#include "runtime/repair/Control.h"
#include "runtime/Options.h"
#include "runtime/comm/Host.h"
#include "runtime/comm/Wait.h"
#include "runtime/health/Fault.h"
#include "runtime/recovery/Orphan.h"
#include "runtime/repair/Epoch.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace sigma::runtime {

constexpr int kAnswerMs = 10000, kPatienceMs = 200;
constexpr int64_t kRepairNs = 10 * int64_t(1000000000);

namespace {

/// What the supervisor writes into the environment.
struct Supervisor {
  std::vector<std::string> addresses;
  int port;
  std::string token;
};

Supervisor readSupervisor(const std::string &text) {
  try {
    const Json where = Json::parse(text);
    return {where.at("addresses"), where.at("port"), where.at("token")};
  } catch (const Json::exception &) {
    throw UserError(std::string(kControlVariable) + " is not what a supervisor writes: " + text);
  }
}

} // namespace

void Control::connect() {
  const char *text = std::getenv(kControlVariable);
  if (!text)
    return;
  const Supervisor supervisor = readSupervisor(text);
  process = launchRank();
  line = Connection::to(supervisor.addresses, supervisor.port);
  line.send(
      {{"hello", supervisor.token}, {"process", process}, {"pid", getpid()}, {"host", hostName()}});
  if (!line.await(kAnswerMs))
    throw UserError("the supervisor of this run does not answer on port " +
                    std::to_string(supervisor.port));
  on = true;
}

void Control::joined() {
  if (on)
    line.send({{"joined", process}});
}

void Control::leaveWithSupervisor() const {
  if (!line.isOpen())
    _exit(SIGMA_EXIT_RETRY);
}

Json Control::await() {
  for (;;) {
    if (std::optional<Json> message = line.await(kPatienceMs))
      return *message;
    leaveWithSupervisor();
    leaveIfOrphaned();
  }
}

void Control::take(const Json &message) {
  if (message.contains("end"))
    over = true;
  if (!message.contains("epoch"))
    return;
  Members members;
  members.epoch = message["epoch"];
  members.processes = message["processes"].get<std::vector<int>>();
  const auto own = std::find(members.processes.begin(), members.processes.end(), process);
  members.rank = int(own - members.processes.begin());
  distance = message["copyDistance"];
  if (own != members.processes.end())
    announced = std::move(members);
}

std::optional<Members> Control::nextEpoch() {
  while (!announced && !over)
    take(await());
  if (over)
    return std::nullopt;
  Members members = *std::exchange(announced, std::nullopt);
  epoch = members.epoch;
  return members;
}

Restart Control::beginEpoch(const Kept &kept) {
  line.send({{"ready", epoch}, {"own", kept.own}, {"ward", kept.ward}});
  for (;;) {
    const Json message = await();
    take(message);
    if (announced)
      abandonEpoch();
    if (message.contains("restart") && message["restart"] == epoch)
      return {message["step"], message["newRanks"].get<std::vector<int>>()};
  }
}

void Control::restored() {
  if (on)
    line.send({{"restored", epoch}});
}

void Control::done() {
  if (on)
    line.send({{"done", epoch}});
}

void Control::giveUp() {
  if (on)
    line.send({{"giveUp", epoch}});
}

void Control::look() {
  if (!on)
    return;
  while (const std::optional<Json> message = line.next())
    take(*message);
  leaveWithSupervisor();
  if (announced)
    abandonEpoch();
}

void Control::awaitRepair() {
  if (!on)
    return;
  for (const int64_t start = nowNs(); nowNs() - start < kRepairNs; usleep(1000))
    look();
}

} // namespace sigma::runtime
