// Nodes prove themselves, with a rank on every slot: alone, then two and two, and who fails or is
// slow once more beside one that is good, so that one bad node is not taken for two.
#ifndef SIGMA_RUNTIME_RECOVERY_VALIDATION_H
#define SIGMA_RUNTIME_RECOVERY_VALIDATION_H

#include "runtime/health/NodeProof.h"
#include "runtime/recovery/Hosts.h"

#include <map>
#include <string>
#include <vector>

namespace sigma::runtime {

/// What a node must reach at least.
struct NodeLimits {
  double slowFactor; // times slower than the median
  NodeFigures least; // in any case
};

/// Why each node is not good enough; those that are good are not in it. `median`s are of all
/// figures, the upper one of two: a slow node does not move what it is compared with.
std::map<std::string, std::string> slowNodes(const std::map<std::string, NodeFigures> &figures,
                                             const NodeLimits &limits);

class Validation {
public:
  /// Makes the command that starts a proof on these hosts, which writes its figures to a file.
  using Command =
      std::function<std::vector<std::string>(const std::vector<Host> &, const std::string &file)>;

  Validation(NodeLimits limits, double mostSeconds, std::string scratch, Command command)
      : limits(limits), mostSeconds(mostSeconds), scratch(std::move(scratch)),
        command(std::move(command)) {}

  /// What is wrong with each of the candidates; nothing is, with those that are not in it. `others`
  /// may be used as partners. No run may be going on.
  std::map<std::string, std::string> validate(const std::vector<Host> &candidates,
                                              const std::vector<Host> &others);
  /// Those that answer, and compute and copy well enough: what can be seen while others run.
  std::vector<Host> answering(const std::vector<Host> &candidates);
  static constexpr const char *kSilent = "does not answer";

private:
  using Pair = std::vector<Host>; // or one alone
  void measure(const std::vector<Pair> &pairs);
  void measureAlone(const std::vector<Host> &candidates);
  std::vector<Pair> secondRound(const std::vector<Host> &candidates,
                                const std::vector<Host> &others) const;
  std::vector<Pair> pairsOf(const std::vector<Host> &candidates) const;
  bool answers(const Host &host) const;
  bool isGood(const Host &host) const;
  bool isSilent(const Host &host) const;

  NodeLimits limits;
  double mostSeconds;
  std::string scratch;
  Command command;
  std::map<std::string, NodeFigures> figures; // the best that each has shown lately
};

} // namespace sigma::runtime

#endif
