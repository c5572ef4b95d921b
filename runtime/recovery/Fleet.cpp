#include "runtime/recovery/Fleet.h"
#include "runtime/comm/Wait.h"
#include "runtime/health/Fault.h"

#include <algorithm>

namespace sigma::runtime {

static std::string nodesPath(const Options &options) {
  if (options.hosts.empty())
    return "";
  if (!options.nodes.empty() || options.checkpointDir.empty())
    return options.nodes;
  return options.checkpointDir + "/nodes";
}

static NodeLimits limitsOf(const Options &o) {
  return {o.slowFactor, {o.nodeLeast[0], o.nodeLeast[1], o.nodeLeast[2]}};
}

static bool contains(const std::vector<Host> &hosts, const std::string &name) {
  return std::any_of(hosts.begin(), hosts.end(),
                     [&](const Host &host) { return host.name == name; });
}

Fleet::Fleet(Runtime &rt, std::vector<int64_t> sizes, const std::string &scratch,
             Validation::Command command)
    : rt(rt), sizes(std::move(sizes)), nodes(nodesPath(rt.options),
                                             [&rt](const Node &node, NodeState from) {
                                               rt.log.event("node", {{"node", node.name},
                                                                     {"from", nameOf(from)},
                                                                     {"to", nameOf(node.state)},
                                                                     {"reason", node.reason}});
                                             }),
      validation(limitsOf(rt.options), rt.options.validateWithin, scratch, std::move(command)),
      guard(rt.options.stormNodes), lookPauseS(rt.options.lookForHosts) {
  if (rt.options.hosts.empty())
    return;
  hosts = readHosts(rt.options.hosts);
  if (slotsOf(hosts) < this->sizes.front())
    throw UserError("--hosts: " + rt.options.hosts + " has " + std::to_string(slotsOf(hosts)) +
                    " slots, and this program " + std::to_string(rt.mesh.shape.size()) + " ranks");
}

void Fleet::validate(const std::vector<Host> &candidates) {
  std::vector<Host> others;
  for (const Host &host : hosts)
    if (nodes.mayUse(host.name) && !contains(candidates, host.name))
      others.push_back(host);
  for (const auto &[name, reason] : validation.validate(candidates, others)) {
    const std::string kind = reason == Validation::kSilent ? "node-lost" : "node-slow";
    rt.log.event("fault", {{"kind", kind}, {"node", name}, {"reason", name + " " + reason}});
    nodes.cordon(name, reason);
    storm |= guard.add(kind, name, nowNs());
  }
}

std::vector<Host> Fleet::inState(NodeState state) {
  std::vector<Host> some;
  for (const Host &host : hosts)
    if (nodes.find(host.name).state == state)
      some.push_back(host);
  return some;
}

void Fleet::validateAll(NodeState state) {
  const std::vector<Host> candidates = inState(state);
  for (const Host &host : candidates)
    nodes.move(host.name, NodeState::Validating, "before a run");
  if (!candidates.empty())
    validate(candidates);
  for (const Host &host : candidates)
    if (nodes.find(host.name).state == NodeState::Validating)
      nodes.passed(host.name);
}

std::vector<Host> Fleet::usable(int64_t ranks) {
  return chooseHosts(hosts, ranks + rt.options.spares,
                     [&](const Host &host) { return nodes.mayUse(host.name); });
}

bool Fleet::chooseFor(int64_t ranks) {
  chosen = usable(ranks);
  return slotsOf(chosen) >= ranks;
}

Choice Fleet::choose() {
  if (isEmpty())
    return {sizes.front(), {}};
  validateAll(NodeState::New);
  if (slotsOf(usable(sizes.front())) < sizes.front())
    validateAll(NodeState::Cordoned); // a silent node costs its time only where it is needed
  for (int64_t size : sizes)
    if (chooseFor(size)) {
      if (size == sizes.front())
        lookPauseS = rt.options.lookForHosts;
      return {size, chosen};
    }
  return {0, chosen};
}

bool Fleet::growsWith(const std::vector<Host> &back) {
  const auto isBack = [&](const Host &host) {
    return nodes.mayUse(host.name) || contains(back, host.name);
  };
  const auto larger = std::find_if(sizes.begin(), sizes.end(), [&](int64_t size) {
    return slotsOf(chooseHosts(hosts, size, isBack)) >= size;
  });
  return larger != sizes.end() && slotsOf(usable(*larger)) < *larger;
}

bool Fleet::mayGrow() {
  if (look.valid()) {
    if (look.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
      return false;
    lookedNs = nowNs();
    if (!growsWith(look.get()))
      return false;
    lookPauseS *= 2;
    return true;
  }
  if (lookedNs == 0)
    lookedNs = nowNs();
  if (lookPauseS > 0 && double(nowNs() - lookedNs) / 1e9 >= lookPauseS)
    look = std::async(std::launch::async, [this, candidates = inState(NodeState::Cordoned)] {
      return validation.answering(candidates);
    });
  return false;
}

void Fleet::endLook() {
  if (look.valid())
    look.get();
  lookedNs = 0;
}

std::optional<std::string> Fleet::nodeOf(int64_t rank) const {
  for (const Host &host : chosen) {
    if (rank >= 0 && rank < host.slots)
      return host.name;
    rank -= host.slots;
  }
  return std::nullopt;
}

bool Fleet::blame(const std::string &node, const std::string &kind, const std::string &reason) {
  nodes.blame(node, kind + ": " + reason);
  storm |= guard.add(kind, node, nowNs());
  return storm;
}

std::vector<std::string> Fleet::loseSilent() {
  validate(chosen);
  std::vector<std::string> lost;
  for (const Host &host : chosen)
    if (const Node &node = nodes.find(host.name);
        !nodes.mayUse(host.name) && node.reason == Validation::kSilent)
      lost.push_back(host.name);
  return lost;
}

void Fleet::clear() {
  std::vector<std::string> names;
  for (const Host &host : chosen)
    names.push_back(host.name);
  nodes.clear(names);
}

} // namespace sigma::runtime
