#include "runtime/recovery/Hosts.h"
#include "runtime/health/Fault.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

namespace sigma::runtime {

constexpr int64_t kMostSlots = 1 << 20;

static int64_t readSlots(const std::string &word, const std::string &where) {
  constexpr std::string_view kName = "slots=";
  int64_t slots = 0;
  const char *begin = word.data() + std::min(kName.size(), word.size());
  const char *end = word.data() + word.size();
  const auto [rest, problem] = std::from_chars(begin, end, slots);
  if (word.compare(0, kName.size(), kName) != 0 || problem != std::errc() || rest != end ||
      slots < 1 || slots > kMostSlots)
    throw UserError(where + "'" + word + "' is not slots=N, with N from 1 to " +
                    std::to_string(kMostSlots));
  return slots;
}

std::vector<Host> readHosts(const std::string &path) {
  std::ifstream file(path);
  if (!file)
    throw UserError("--hosts: cannot read " + path);
  std::vector<Host> hosts;
  int64_t number = 0;
  for (std::string line; std::getline(file, line);) {
    const std::string where = path + ":" + std::to_string(++number) + ": ";
    std::istringstream words(line.substr(0, line.find('#')));
    Host host{"", 1};
    if (!(words >> host.name))
      continue;
    for (std::string word; words >> word;)
      host.slots = readSlots(word, where);
    for (const Host &other : hosts)
      if (other.name == host.name)
        throw UserError(where + host.name + " stands here a second time");
    hosts.push_back(host);
  }
  if (hosts.empty())
    throw UserError("--hosts: " + path + " names no host");
  return hosts;
}

std::vector<Host> chooseHosts(const std::vector<Host> &hosts, int64_t ranks,
                              const std::function<bool(const Host &)> &mayUse) {
  std::vector<Host> chosen;
  for (const Host &host : hosts) {
    if (ranks <= 0)
      break;
    if (!mayUse(host))
      continue;
    chosen.push_back({host.name, std::min(host.slots, ranks)});
    ranks -= host.slots;
  }
  return chosen;
}

int64_t slotsOf(const std::vector<Host> &hosts) {
  int64_t slots = 0;
  for (const Host &host : hosts)
    slots += host.slots;
  return slots;
}

std::vector<std::string> mpirunArguments(const std::vector<Host> &hosts) {
  if (hosts.empty())
    return {};
  std::string list;
  for (const Host &host : hosts)
    list += (list.empty() ? "" : ",") + host.name + ":" + std::to_string(host.slots);
  return {"--host", list, "--map-by", "slot"};
}

} // namespace sigma::runtime
