#include "runtime/recovery/Replays.h"

namespace sigma::runtime {

bool Replays::isAgain(const WrongNumber &other) const {
  return isOpen && wrong.kind == other.kind && wrong.step == other.step && wrong.rank == other.rank;
}

Replay Replays::next(const WrongNumber &other) {
  if (!isAgain(other)) {
    wrong = other;
    nodes = {other.node};
    isOpen = true;
    isRepeated = false;
    return Replay::InPlace;
  }
  isRepeated = true;
  wrong.node = other.node;
  if (other.node.empty())
    return Replay::InPlace; // no other place is known
  return nodes.insert(other.node).second ? Replay::None : Replay::Elsewhere;
}

std::optional<Verdict> Replays::passed(int64_t step) {
  if (!isOpen || step <= wrong.step)
    return std::nullopt;
  isOpen = false;
  return isRepeated ? Verdict::Persistent : Verdict::Transient;
}

} // namespace sigma::runtime
