// How a job repairs itself: memory that late messages cannot reach, epochs that are abandoned, and
// what the supervisor tells its processes.
#include "runtime/Arena.h"
#include "runtime/health/Fault.h"
#include "runtime/repair/Connection.h"
#include "runtime/repair/Control.h"
#include "runtime/repair/Epoch.h"
#include "runtime/repair/Monitor.h"

#include <gtest/gtest.h>

#include <sys/socket.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace sigma::runtime;

namespace {

TEST(Repair, WhatIsWrittenToTheOldAddressesOfAnArenaIsNotInIt) {
  Arena arena;
  arena.allocate(3 << 20);
  std::memset(arena.data(), 7, arena.bytes());
  char *old = arena.data();
  arena.moveAway();
  EXPECT_NE(arena.data(), old);
  std::memset(old, 9, arena.bytes());
  for (int64_t i = 0; i < arena.bytes(); ++i)
    ASSERT_EQ(arena.data()[i], 7) << i;
}

TEST(Repair, AnArenaMovesAgain) {
  Arena arena;
  arena.allocate(100);
  for (int i = 0; i < 100; ++i) {
    arena.data()[0] = char(i);
    arena.moveAway();
    EXPECT_EQ(arena.data()[0], char(i));
  }
}

struct Counted {
  explicit Counted(int &left) : left(left) {}
  ~Counted() { ++left; }
  int &left;
};

/// `end` so many calls deep.
void callAt(int depth, int &left, void (*end)()) {
  const Counted counted(left);
  std::vector<int> buffer(100, depth);
  if (depth > 0)
    callAt(depth - 1, left, end);
  else
    end();
  left += buffer[0];
}

TEST(Repair, AnAbandonedEpochIsNotUnwound) {
  int left = 0, done = 0;
  EXPECT_FALSE(runEpoch([&] { callAt(50, left, abandonEpoch); }));
  EXPECT_EQ(left, 0);
  EXPECT_TRUE(runEpoch([&] {
    try {
      throw std::runtime_error("exceptions work in an epoch");
    } catch (const std::exception &) {
      ++done;
    }
  }));
  EXPECT_EQ(done, 1);
}

std::pair<Connection, Connection> pairOfConnections() {
  int ends[2] = {-1, -1};
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  return {Connection(ends[0]), Connection(ends[1])};
}

TEST(Repair, MessagesArriveWholeAndInOrder) {
  auto [here, there] = pairOfConnections();
  EXPECT_FALSE(there.next());
  here.send({{"long", std::string(100000, 'x')}});
  here.send({{"second", 2}});
  EXPECT_EQ((*there.await(1000))["long"].get<std::string>().size(), 100000u);
  EXPECT_EQ((*there.await(1000))["second"], 2);
  here.close();
  EXPECT_FALSE(there.await(1000));
  EXPECT_FALSE(there.isOpen());
}

TEST(Repair, WhatIsNoMessageClosesAConnection) {
  int ends[2] = {-1, -1};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  Connection here(ends[0]), there(ends[1]);
  ASSERT_EQ(send(ends[0], "{\"half\": \n", 10, 0), 10);
  EXPECT_FALSE(there.await(1000));
  EXPECT_FALSE(there.isOpen());
}

/// What processes of a job do, without MPI.
class Job {
public:
  Job(int ranks, int spares, std::vector<std::string> hosts) : monitor(ranks, spares, log) {
    const Json where = Json::parse(monitor.address());
    for (int number = 0; number < ranks + spares; ++number) {
      processes.push_back(
          Connection::to(where["addresses"].get<std::vector<std::string>>(), where["port"]));
      processes.back().send({{"hello", where["token"]},
                             {"process", number},
                             {"pid", 1000 + number},
                             {"host", hosts[number % hosts.size()]}});
      EXPECT_EQ((*processes.back().await(5000))["welcome"], number);
    }
    for (Connection &process : processes)
      process.send({{"joined", 0}});
  }

  Json hear(int number) {
    const std::optional<Json> message = processes[number].await(5000);
    return message ? *message : Json::object();
  }
  void ready(int number, int64_t epoch, std::vector<int64_t> own, std::vector<int64_t> ward) {
    processes[number].send({{"ready", epoch}, {"own", own}, {"ward", ward}});
  }
  /// All members begin an epoch from nothing.
  void begin(const std::vector<int> &members) {
    for (const int number : members) {
      const Json epoch = hear(number);
      ASSERT_EQ(epoch["processes"], Json(members));
      ready(number, epoch["epoch"], {}, {});
    }
    for (const int number : members) {
      const Json restart = hear(number);
      ASSERT_EQ(restart["step"], -1);
      processes[number].send({{"restored", restart["restart"]}});
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }

  Log log;
  Monitor monitor;
  std::vector<Connection> processes;
};

TEST(Repair, ASpareTakesThePlaceOfALostRank) {
  Job job(3, 1, {"a"});
  job.begin({0, 1, 2});
  job.processes[1].close();
  for (const int number : {0, 3, 2}) {
    const Json epoch = job.hear(number);
    EXPECT_EQ(epoch["epoch"], 1);
    EXPECT_EQ(epoch["processes"], Json({0, 3, 2}));
    EXPECT_EQ(epoch["copyDistance"], 1);
  }
  // Rank 0 has 20 and rank 2 has not; of rank 1, rank 2 keeps 10 only.
  job.ready(0, 1, {10, 20}, {10, 20});
  job.ready(3, 1, {}, {});
  job.ready(2, 1, {5, 10}, {10});
  for (const int number : {0, 3, 2}) {
    const Json restart = job.hear(number);
    EXPECT_EQ(restart["step"], 10);
    EXPECT_EQ(restart["newRanks"], Json({1}));
  }
  EXPECT_FALSE(job.monitor.mustEnd());
}

TEST(Repair, ARankAndTheKeeperOfItsCopyLeaveNoSnapshot) {
  Job job(3, 2, {"a"});
  job.begin({0, 1, 2});
  job.processes[1].close();
  job.processes[2].close();
  // The losses may be heard one after the other.
  Json epoch = job.hear(0);
  while (epoch.contains("processes") && epoch["processes"] != Json({0, 3, 4}))
    epoch = job.hear(0);
  job.ready(0, epoch["epoch"], {10}, {10});
  for (const int number : {3, 4})
    job.ready(number, epoch["epoch"], {}, {});
  EXPECT_EQ(job.hear(0).value("step", 0), -1);
}

TEST(Repair, CopiesLieOnOtherHosts) {
  Job job(4, 1, {"a", "a", "b", "b", "a"});
  EXPECT_EQ(job.hear(0)["copyDistance"], 2);
}

TEST(Repair, WithoutASpareTheJobMustEnd) {
  Job job(2, 0, {"a"});
  job.begin({0, 1});
  job.processes[0].close();
  for (int i = 0; i < 500 && !job.monitor.mustEnd(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(job.monitor.mustEnd());
  EXPECT_NE(job.monitor.reason().find("rank 0 (process 1000 of a) is lost, and no spare is left"),
            std::string::npos);
}

TEST(Repair, AnEnvironmentThatNoSupervisorWroteIsRefused) {
  for (const char *text :
       {"", "[]", "{\"addresses\": 5", R"({"addresses": [5], "port": 1, "token": ""})",
        R"({"addresses": [], "port": "x", "token": ""})", R"({"addresses": [], "port": 1})",
        R"({"addresses": ["127.0.0.1"], "port": 1, "token": ""})"}) {
    setenv(kControlVariable, text, 1);
    EXPECT_THROW(Control().connect(), UserError) << text;
  }
  unsetenv(kControlVariable);
}

TEST(Repair, WhoDoesNotKnowTheTokenIsNobody) {
  const Log log;
  Monitor monitor(1, 0, log);
  const Json where = Json::parse(monitor.address());
  Connection line = Connection::to({"127.0.0.1"}, where["port"]);
  line.send({{"hello", "guess"}, {"process", 0}});
  EXPECT_FALSE(line.await(5000));
  EXPECT_FALSE(line.isOpen());
}

} // namespace
