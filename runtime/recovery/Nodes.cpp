#include "runtime/recovery/Nodes.h"
#include "runtime/Log.h"
#include "runtime/WholeFile.h"
#include "runtime/health/Fault.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

namespace sigma::runtime {
namespace {

struct StateFacts {
  NodeState state;
  const char *name;
  bool mayUse;
};
constexpr StateFacts kStates[] = {
#define SIGMA_NODE_STATE(state, name, mayUse, meaning) {NodeState::state, name, mayUse},
#include "runtime/recovery/NodeStates.def"
};

const StateFacts &factsOf(NodeState state) { return kStates[int(state)]; }

NodeState readState(const std::string &word, const std::string &where) {
  std::string all;
  for (const StateFacts &facts : kStates) {
    if (word == facts.name)
      return facts.state;
    all += (all.empty() ? "" : ", ") + std::string(facts.name);
  }
  throw UserError(where + "'" + word + "' is no state of a node; there are " + all);
}

/// NAME STATE CORDONS SINCE REASON, with tabs between them.
Node readNode(const std::string &line, const std::string &where) {
  std::istringstream fields(line);
  std::string state, cordons;
  Node node;
  for (std::string *field : {&node.name, &state, &cordons, &node.since})
    if (!std::getline(fields, *field, '\t'))
      throw UserError(where + "a line is: name, state, times left out, since, reason, with tabs "
                              "between them");
  std::getline(fields, node.reason);
  node.state = readState(state, where);
  if (cordons.empty() || cordons.size() > 9 ||
      cordons.find_first_not_of("0123456789") != std::string::npos)
    throw UserError(where + "'" + cordons + "' is not how often a node was left out");
  node.cordons = std::stoll(cordons);
  // The supervisor ended in the middle of it.
  if (node.state == NodeState::Validating)
    node.state = node.cordons > 0 ? NodeState::Cordoned : NodeState::New;
  return node;
}

} // namespace

const char *nameOf(NodeState state) { return factsOf(state).name; }

bool isLegalMove(NodeState from, NodeState to) {
#define SIGMA_NODE_MOVE(before, after, when)                                                       \
  if (from == NodeState::before && to == NodeState::after)                                         \
    return true;
#include "runtime/recovery/NodeStates.def"
  return false;
}

Nodes::Nodes(std::string path, Listener listener)
    : path(std::move(path)), listener(std::move(listener)) {
  read();
}

void Nodes::read() {
  std::ifstream file(path);
  int64_t number = 0;
  for (std::string line; std::getline(file, line);)
    if (++number; !line.empty() && line[0] != '#')
      nodes.push_back(readNode(line, path + ":" + std::to_string(number) + ": "));
}

void Nodes::write() const {
  if (path.empty())
    return;
  std::ostringstream text;
  text << "# name\tstate\ttimes left out\tsince\treason\n";
  for (const Node &node : nodes)
    text << node.name << "\t" << nameOf(node.state) << "\t" << node.cordons << "\t" << node.since
         << "\t" << node.reason << "\n";
  if (!replaceFile(path, text.str()))
    std::fprintf(stderr, "train: warning: cannot write %s: %s\n", path.c_str(),
                 std::strerror(errno));
}

Node &Nodes::at(const std::string &name) {
  const auto found =
      std::find_if(nodes.begin(), nodes.end(), [&](const Node &node) { return node.name == name; });
  if (found != nodes.end())
    return *found;
  nodes.push_back({name, NodeState::New, 0, timeStamp(), ""});
  return nodes.back();
}

const Node &Nodes::find(const std::string &name) { return at(name); }

bool Nodes::mayUse(const std::string &name) { return factsOf(at(name).state).mayUse; }

void Nodes::move(const std::string &name, NodeState to, const std::string &reason) {
  Node &node = at(name);
  const NodeState from = node.state;
  assert(isLegalMove(from, to) && "Nodes::move: not in NodeStates.def");
  node.state = to;
  // One that fails validation again and again was left out once.
  const bool wasOut = from == NodeState::Validating && node.cordons > 0;
  node.cordons += to == NodeState::Cordoned && !wasOut;
  node.since = timeStamp();
  node.reason = reason;
  std::replace_if(
      node.reason.begin(), node.reason.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  write();
  listener(node, from);
}

void Nodes::blame(const std::string &name, const std::string &reason) {
  if (at(name).state == NodeState::Healthy)
    move(name, NodeState::Suspect, reason);
  else
    cordon(name, reason);
}

void Nodes::cordon(const std::string &name, const std::string &reason) {
  if (!isLegalMove(at(name).state, NodeState::Cordoned))
    return; // it is out already
  move(name, NodeState::Cordoned, reason);
  if (at(name).cordons >= kMostCordons)
    move(name, NodeState::Retired, reason);
}

void Nodes::passed(const std::string &name) {
  const bool wasOut = at(name).cordons > 0;
  move(name, wasOut ? NodeState::Returned : NodeState::Healthy, "passed validation");
}

void Nodes::clear(const std::vector<std::string> &names) {
  for (const std::string &name : names)
    if (at(name).state == NodeState::Suspect)
      move(name, NodeState::Healthy, "a checkpoint was reached with it");
}

} // namespace sigma::runtime
