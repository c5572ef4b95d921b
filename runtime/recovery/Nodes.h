// What the supervisor knows about the nodes of a run, kept in a file beside it: a later run of the
// same job, or a person, finds it there.
#ifndef SIGMA_RUNTIME_RECOVERY_NODES_H
#define SIGMA_RUNTIME_RECOVERY_NODES_H

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace sigma::runtime {

enum class NodeState {
#define SIGMA_NODE_STATE(state, name, mayUse, meaning) state,
#include "runtime/recovery/NodeStates.def"
};

const char *nameOf(NodeState state);
bool isLegalMove(NodeState from, NodeState to);

struct Node {
  std::string name;
  NodeState state = NodeState::New;
  int64_t cordons = 0; // how often it was left out
  std::string since, reason;
};

class Nodes {
public:
  static constexpr int64_t kMostCordons = 3;
  /// Hears of every move.
  using Listener = std::function<void(const Node &, NodeState from)>;

  /// Reads the file if it is there; an empty path keeps nothing. Throws UserError with the line
  /// that is wrong.
  Nodes(std::string path, Listener listener);

  /// A node that nobody has spoken of is new.
  const Node &find(const std::string &name);
  bool mayUse(const std::string &name);
  /// The move must be legal. Writes the file.
  void move(const std::string &name, NodeState to, const std::string &reason);

  /// A fault named it.
  void blame(const std::string &name, const std::string &reason);
  /// It does not answer, or is slow.
  void cordon(const std::string &name, const std::string &reason);
  void passed(const std::string &name);
  /// A checkpoint was reached with these.
  void clear(const std::vector<std::string> &names);

private:
  Node &at(const std::string &name);
  void read();
  void write() const;

  std::string path;
  Listener listener;
  std::vector<Node> nodes;
};

} // namespace sigma::runtime

#endif
