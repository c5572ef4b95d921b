// Memory of a plan: one block, zeroed and touched, with an alignment that suits vectors and large
// pages.
#ifndef SIGMA_RUNTIME_ARENA_H
#define SIGMA_RUNTIME_ARENA_H

#include <cstddef>
#include <cstdint>

namespace sigma::runtime {

class Arena {
public:
  Arena() = default;
  Arena(const Arena &) = delete;
  Arena &operator=(const Arena &) = delete;
  ~Arena();

  /// Throws std::runtime_error when this machine has not so much memory.
  void allocate(int64_t bytes);
  /// Fills everything behind `begin` with a pattern that is not a number in any element type and no
  /// valid index: a step that reads what it has not written fails the guards instead of depending
  /// on old memory.
  void poison(int64_t begin);
  /// The end of what was ever written, at least `begin`, where the poison begins.
  int64_t touchedEnd(int64_t begin) const;

  /// Moves what is in it to other addresses. The old ones stay valid, for messages that are still
  /// on their way, and lead to nothing. Needs Linux 5.7.
  void moveAway();

  char *data() const { return memory; }
  int64_t bytes() const { return size; }

private:
  size_t mapped() const; // bytes of address space

  char *memory = nullptr;
  int64_t size = 0;
};

} // namespace sigma::runtime

#endif
