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

Fleet::Fleet(Runtime &rt, const std::string &scratch, Validation::Command command)
    : rt(rt), nodes(nodesPath(rt.options),
                    [&rt](const Node &node, NodeState from) {
                      rt.log.event("node", {{"node", node.name},
                                            {"from", nameOf(from)},
                                            {"to", nameOf(node.state)},
                                            {"reason", node.reason}});
                    }),
      validation(limitsOf(rt.options), rt.options.validateWithin, scratch, std::move(command)),
      guard(rt.options.stormNodes) {
  if (rt.options.hosts.empty())
    return;
  hosts = readHosts(rt.options.hosts);
  if (!suffices(hosts))
    throw UserError("--hosts: " + rt.options.hosts + " has " + std::to_string(slotsOf(hosts)) +
                    " slots, and this program " + std::to_string(rt.mesh.shape.size()) + " ranks");
}

bool Fleet::suffices(const std::vector<Host> &some) const {
  return isEmpty() || slotsOf(some) >= rt.mesh.shape.size();
}

void Fleet::validate(const std::vector<Host> &candidates) {
  std::vector<Host> others;
  for (const Host &host : hosts)
    if (nodes.mayUse(host.name) &&
        std::none_of(candidates.begin(), candidates.end(),
                     [&](const Host &candidate) { return candidate.name == host.name; }))
      others.push_back(host);
  for (const auto &[name, reason] : validation.validate(candidates, others)) {
    const std::string kind = reason == Validation::kSilent ? "node-lost" : "node-slow";
    rt.log.event("fault", {{"kind", kind}, {"node", name}, {"reason", name + " " + reason}});
    nodes.cordon(name, reason);
    storm |= guard.add(kind, name, nowNs());
  }
}

void Fleet::validateAll(NodeState state) {
  std::vector<Host> candidates;
  for (const Host &host : hosts)
    if (nodes.find(host.name).state == state)
      candidates.push_back(host);
  for (const Host &host : candidates)
    nodes.move(host.name, NodeState::Validating, "before a run");
  if (!candidates.empty())
    validate(candidates);
  for (const Host &host : candidates)
    if (nodes.find(host.name).state == NodeState::Validating)
      nodes.passed(host.name);
}

std::vector<Host> Fleet::choose() {
  const auto good = [&] {
    return chooseHosts(hosts, rt.mesh.shape.size() + rt.options.spares,
                       [&](const Host &host) { return nodes.mayUse(host.name); });
  };
  validateAll(NodeState::New);
  chosen = good();
  if (!suffices(chosen)) { // a silent node costs its time only where it is needed
    validateAll(NodeState::Cordoned);
    chosen = good();
  }
  return chosen;
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
