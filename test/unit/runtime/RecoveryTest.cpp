// What the supervisor decides.
#include "runtime/health/Fault.h"
#include "runtime/recovery/Hosts.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

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

} // namespace
