// Whose a wrong number was. Every restart does the steps since the checkpoint again: on the same
// node first, and on another where it comes again.
#ifndef SIGMA_RUNTIME_RECOVERY_REPLAYS_H
#define SIGMA_RUNTIME_RECOVERY_REPLAYS_H

#include <cstdint>
#include <optional>
#include <set>
#include <string>

namespace sigma::runtime {

struct WrongNumber {
  std::string kind; // of the fault
  int64_t step;     // after which it was found
  int64_t rank;     // that had it; -1: unknown
  std::string node; // of the rank; empty: unknown
};

enum class Replay {
  InPlace,   // the same steps on the same nodes
  Elsewhere, // it came again: without the node
  None       // it came on another node as well: the program does it
};

enum class Verdict { Transient, Persistent };

class Replays {
public:
  /// How to go on after it.
  Replay next(const WrongNumber &wrong);

  /// A step is done. Gives the verdict on what was found after a step before it, once.
  std::optional<Verdict> passed(int64_t step);
  /// The one that `passed` and `next` speak of.
  const WrongNumber &last() const { return wrong; }

private:
  bool isAgain(const WrongNumber &other) const;

  WrongNumber wrong;
  std::set<std::string> nodes; // that had it
  bool isOpen = false, isRepeated = false;
};

} // namespace sigma::runtime

#endif
