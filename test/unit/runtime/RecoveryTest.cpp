// What the supervisor decides, and how ranks hear that they are to stop.
#include "Support.h"

#include "runtime/health/Fault.h"
#include "runtime/recovery/Hosts.h"
#include "runtime/recovery/Judgement.h"
#include "runtime/recovery/Nodes.h"
#include "runtime/recovery/Replays.h"
#include "runtime/recovery/Stop.h"
#include "runtime/recovery/Validation.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <map>
#include <thread>

using namespace sigma::runtime;

namespace {

/// A file that goes away with the test.
class TextFile {
public:
  explicit TextFile(const std::string &text) : path(testing::TempDir() + "sigma-recovery-test") {
    std::ofstream(path) << text;
  }
  ~TextFile() { std::remove(path.c_str()); }
  const std::string path;
};

std::string refusal(const std::string &text) {
  const TextFile file(text);
  try {
    readHosts(file.path);
  } catch (const UserError &error) {
    return error.what();
  }
  return "";
}

bool any(const Host &) { return true; }

TEST(Hosts, AreReadAsMpirunReadsThem) {
  const TextFile file("# site\nn0 slots=2\n\n  n1   # one slot\n10.0.0.7 slots=16\n");
  const std::vector<Host> hosts = readHosts(file.path);
  ASSERT_EQ(hosts.size(), 3u);
  EXPECT_EQ(hosts[0].name, "n0");
  EXPECT_EQ(hosts[1].slots, 1);
  EXPECT_EQ(slotsOf(hosts), 19);
}

TEST(Hosts, AreRefusedWithTheLine) {
  EXPECT_NE(refusal("n0\nn1 slot=2\n").find(":2: 'slot=2' is not slots=N"), std::string::npos);
  for (const char *slots :
       {"slots=", "slots=0", "slots=-1", "slots=2x", "slots=99999999999999999999"})
    EXPECT_NE(refusal(std::string("n0 ") + slots).find(":1: '"), std::string::npos) << slots;
  EXPECT_NE(refusal("n0\nn0\n").find(":2: n0 stands here a second time"), std::string::npos);
  EXPECT_NE(refusal("# nothing\n").find("names no host"), std::string::npos);
}

TEST(Hosts, AreFilledInTheirOrderAndSparesComeIn) {
  const std::vector<Host> hosts = {{"a", 2}, {"b", 2}, {"c", 2}};
  const std::vector<std::string> first = mpirunArguments(chooseHosts(hosts, 3, any));
  EXPECT_EQ(first, (std::vector<std::string>{"--host", "a:2,b:1", "--map-by", "slot"}));
  const auto notB = [](const Host &host) { return host.name != "b"; };
  EXPECT_EQ(mpirunArguments(chooseHosts(hosts, 3, notB))[1], "a:2,c:1");
  EXPECT_EQ(slotsOf(chooseHosts(hosts, 5, notB)), 4);
  EXPECT_TRUE(mpirunArguments({}).empty());
}

TEST(Judgement, KnowsTheKindsOfTheTable) {
  EXPECT_EQ(classOf("rank-lost"), FaultClass::Transient);
  EXPECT_EQ(classOf("rank-crashed"), FaultClass::Unknown);
  EXPECT_EQ(classOf("capacity"), FaultClass::Permanent);
  EXPECT_EQ(classOf("rows-split"), FaultClass::Noted);
  EXPECT_EQ(classOf("slow-rank"), FaultClass::Noted);
  EXPECT_FALSE(classOf("no-such-kind"));
}

TEST(Judgement, ReadsTheSignatureOfAnExitStatus) {
  EXPECT_EQ(kindOfStatus(137), "rank-lost");
  EXPECT_EQ(kindOfStatus(143), "rank-lost");
  for (int status : {132, 134, 135, 136, 139})
    EXPECT_EQ(kindOfStatus(status), "rank-crashed") << status;
  for (int status : {0, 1, 127, 255})
    EXPECT_EQ(kindOfStatus(status), "launch-failed") << status;
}

TEST(Judgement, FindsTheRankInTheWordsOfMpirun) {
  const auto lost = lostRank("-----\nmpirun noticed that process rank 3 with PID 24912 on node n1 "
                             "exited on signal 9 (Killed).\n-----\n");
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->rank, 3);
  EXPECT_EQ(lost->node, "n1");
  EXPECT_FALSE(lostRank("ORTE has lost communication with a remote daemon."));
}

TEST(Judgement, FindsTheAccusedAndNotTheFinder) {
  EXPECT_EQ(accusedRank("after step 40, rank 2 differs from 3 others in the value of head"), 2);
  EXPECT_EQ(accusedRank("rank 0 has waited for others for 4 s in step 9; rank 3 (process 12) is "
                        "stopped"),
            3);
  EXPECT_FALSE(accusedRank("after step 40, rank 0 and rank 1 differ in the value of head"));
  EXPECT_FALSE(accusedRank("rank 0 has waited for others for 4 s in step 9"));
}

TEST(Patience, HasNoEndForTransientFaultsAndOneForUnknown) {
  Patience patience(2);
  for (int i = 0; i < 100; ++i)
    ASSERT_TRUE(patience.next(FaultClass::Transient, 10));
  EXPECT_LE(*patience.next(FaultClass::Transient, 10), 60);
  EXPECT_TRUE(patience.next(FaultClass::Unknown, 10));
  EXPECT_TRUE(patience.next(FaultClass::Unknown, 10));
  EXPECT_FALSE(patience.next(FaultClass::Unknown, 10));
  EXPECT_LT(*patience.next(FaultClass::Unknown, 20), 1) << "a new checkpoint begins anew";
  EXPECT_FALSE(patience.next(FaultClass::Permanent, 30));
}

TEST(StormGuard, CountsNodesNotFaults) {
  StormGuard guard(3);
  for (int i = 0; i < 10; ++i)
    EXPECT_FALSE(guard.add("rank-lost", "a", i));
  EXPECT_FALSE(guard.add("rank-lost", "b", 20));
  EXPECT_FALSE(guard.add("node-slow", "c", 20)) << "of another kind";
  EXPECT_FALSE(guard.add("rank-lost", "c", StormGuard::kWindowNs + 15)) << "a's is too old";
  EXPECT_TRUE(guard.add("rank-lost", "d", StormGuard::kWindowNs + 16));
}

TEST(Nodes, MoveAsTheTableSaysAndAreRead) {
  EXPECT_TRUE(isLegalMove(NodeState::Cordoned, NodeState::Validating));
  EXPECT_FALSE(isLegalMove(NodeState::Cordoned, NodeState::Healthy)) << "not without validation";
  EXPECT_FALSE(isLegalMove(NodeState::Retired, NodeState::Validating));
  const std::string path = testing::TempDir() + "sigma-nodes-test";
  std::remove(path.c_str());
  std::string heard;
  Nodes nodes(path, [&](const Node &node, NodeState) { heard += nameOf(node.state)[0]; });
  nodes.move("n0", NodeState::Validating, "before a run");
  EXPECT_FALSE(nodes.mayUse("n0"));
  nodes.passed("n0");
  nodes.blame("n0", "rank-lost");
  EXPECT_TRUE(nodes.mayUse("n0"));
  nodes.clear({"n0"});
  EXPECT_EQ(nodes.find("n0").state, NodeState::Healthy);
  nodes.blame("n0", "rank-lost");
  nodes.blame("n0", "rank-lost\nagain\tand again");
  EXPECT_FALSE(nodes.mayUse("n0"));
  nodes.move("n0", NodeState::Validating, "before a run");
  nodes.passed("n0");
  EXPECT_EQ(nodes.find("n0").state, NodeState::Returned);
  EXPECT_EQ(heard, "vhshscvr");
  nodes.blame("n0", "once is enough for one that was out");
  EXPECT_EQ(Nodes(path, [](const Node &, NodeState) {}).find("n0").cordons, 2);
  nodes.move("n0", NodeState::Validating, "before a run");
  nodes.cordon("n0", "does not answer");
  EXPECT_EQ(nodes.find("n0").cordons, 2) << "it was out already";
  nodes.move("n0", NodeState::Validating, "before a run");
  nodes.passed("n0");
  nodes.cordon("n0", "does not answer");
  EXPECT_EQ(nodes.find("n0").state, NodeState::Retired);
  std::remove(path.c_str());
}

std::string nodesRefusal(const std::string &text) {
  const TextFile file(text);
  try {
    Nodes(file.path, [](const Node &, NodeState) {});
  } catch (const UserError &error) {
    return error.what();
  }
  return "";
}

TEST(Nodes, AFileIsRefusedWithTheLine) {
  EXPECT_EQ(nodesRefusal("# name\nn0\thealthy\t0\tnow\t\n"), "");
  EXPECT_NE(nodesRefusal("n0\tfine\t0\tnow\t\n").find(":1: 'fine' is no state of a node"),
            std::string::npos);
  EXPECT_NE(nodesRefusal("n0 healthy\n").find(":1: a line is: name, state"), std::string::npos);
  EXPECT_NE(nodesRefusal("n0\thealthy\t-1\tnow\t\n").find(":1: '-1' is not how often"),
            std::string::npos);
}

TEST(Validation, TheSlowNodeIsNamed) {
  std::map<std::string, NodeFigures> figures = {
      {"a", {100, 50, 10}}, {"b", {90, 55, 11}}, {"c", {40, 50, 10}}, {"d", {95, 50, 2}}};
  const auto slow = slowNodes(figures, {2, {0, 0, 0}});
  ASSERT_EQ(slow.size(), 2u);
  EXPECT_EQ(slow.at("c"), "is slow: 40 FLOP/s, the median 95");
  EXPECT_EQ(slow.at("d"), "is slow: 2 bytes/s of its link, the median 10");
  EXPECT_EQ(slowNodes(figures, {100, {0, 51, 0}}).size(), 3u) << "all but b have less memory";
  EXPECT_TRUE(slowNodes({{"a", {1, 1, 0}}}, {2, {0, 0, 5}}).empty()) << "no partner, no link";
  EXPECT_EQ(slowNodes({{"a", {1, 1, 0}}, {"b", {1, 0, 0}}}, {2, {0, 0, 0}}).count("b"), 1u)
      << "memory that does not keep what is written";
}

TEST(Stop, SignalsDoNotTouchTheMemoryOfProducts) {
  constexpr int64_t kRows = 128, kInner = 256, kWidth = 64;
  constexpr int kSignals = 3000;
  std::atomic<bool> listens{false}, over{false};
  int64_t wrong = 0;
  bool heard = false;
  std::thread computing([&] {
    listenForStop();
    heard = stopRequested();
    sigma::test::Runtime rt;
    const auto a = sigma::test::as<float>(sigma::test::randomValues(kRows * kInner, 1));
    const auto b = sigma::test::as<float>(sigma::test::randomValues(kInner * kWidth, 2));
    const auto multiply = [&] {
      std::vector<float> c(kRows * kWidth);
      sigma_matmul(&rt, SIGMA_F32, SIGMA_F32, SIGMA_F32, const_cast<float *>(a.data()),
                   const_cast<float *>(b.data()), c.data(), kRows, kWidth, kInner, 0);
      return c;
    };
    const std::vector<float> wanted = multiply();
    // Before the memory that a product asks for.
    const std::vector<std::vector<float>> before(64, wanted);
    for (listens = true; !over;)
      wrong += multiply() != wanted;
    for (const std::vector<float> &each : before)
      wrong += each != wanted;
    EXPECT_FALSE(heard);
    heard = stopRequested();
  });
  while (!listens)
    usleep(1000);
  for (int i = 0; i < kSignals; ++i) {
    pthread_kill(computing.native_handle(), SIGUSR1);
    usleep(50);
  }
  over = true;
  computing.join();
  EXPECT_TRUE(heard);
  EXPECT_EQ(wrong, 0);
}

} // namespace

TEST(Replays, AWrongNumberThatDoesNotComeAgainWasTransient) {
  Replays replays;
  EXPECT_EQ(replays.next({"replicas-differ", 30, 1, "a"}), Replay::InPlace);
  EXPECT_FALSE(replays.passed(30)) << "its check is at the end of the step";
  EXPECT_EQ(replays.passed(31), Verdict::Transient);
  EXPECT_FALSE(replays.passed(32)) << "once";
  EXPECT_EQ(replays.next({"replicas-differ", 30, 1, "a"}), Replay::InPlace) << "a new one";
}

TEST(Replays, OneThatComesAgainIsTheNodesOrThePrograms) {
  Replays replays;
  replays.next({"value-jumped", 30, 1, "a"});
  EXPECT_EQ(replays.next({"value-jumped", 30, 1, "a"}), Replay::Elsewhere);
  Replays other = replays;
  EXPECT_EQ(replays.passed(31), Verdict::Persistent);
  EXPECT_EQ(other.next({"value-jumped", 30, 1, "b"}), Replay::None);
}

TEST(Replays, WithoutNodesTheyStayInPlace) {
  Replays replays;
  replays.next({"replicas-differ", 30, -1, ""});
  EXPECT_EQ(replays.next({"replicas-differ", 30, -1, ""}), Replay::InPlace);
  EXPECT_EQ(replays.next({"replicas-differ", 35, -1, ""}), Replay::InPlace) << "another one";
  EXPECT_EQ(replays.passed(36), Verdict::Transient);
}
