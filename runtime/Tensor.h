// A tensor of the program: its logical name, the part of it that a rank holds, and where.
#ifndef SIGMA_RUNTIME_TENSOR_H
#define SIGMA_RUNTIME_TENSOR_H

#include "runtime/abi/abi.h"
#include "runtime/checkpoint/Box.h"
#include "runtime/comm/Mesh.h"

#include <cstdint>
#include <string>
#include <vector>

namespace sigma::runtime {

/// What a tensor has in the arena. In bf16, `Value` is what is updated and saved, in f32, and
/// `Copy` is that rounded, which the step reads.
enum class State { Value, Gradient, FirstMoment, SecondMoment, Copy };

constexpr State kTensorStates[] = {State::Value, State::Gradient, State::FirstMoment,
                                   State::SecondMoment, State::Copy};

/// What stays from step to step.
constexpr State kKeptStates[] = {State::Value, State::FirstMoment, State::SecondMoment,
                                 State::Copy};

/// A box of a logical tensor, and where its elements follow each other in the arena.
struct HeldBox {
  Box box;
  int64_t offset;
};

struct Tensor {
  int64_t stage = 0;
  std::string name;
  Shape local;         // the rank's part
  bool expert = false; // dimension 0 is cut over the expert group
  int64_t split = -1;  // the dimension that is cut over the tensor group, of an expert over its own
  bool atEnds = false; // the first and the last stage have the same
  int64_t init = 0;
  double initScale = 0;
  int64_t value = 0, gradient = 0, first = 0, second = 0; // offsets in the arena
  int64_t copy = -1;                                      // the same; -1 for none
  // With a stage of ZeRO: the tensor begins at element `begin` of a flat that replicas keep in
  // parts. The offset of a state that a rank keeps a part of is that of the part.
  int64_t zero = 0, begin = 0, part = 0;

  bool has(State state) const { return state != State::Copy || copy >= 0; }
  int64_t elements() const { return elementsOf(local); }
  Shape globalShape(const MeshShape &mesh) const;
  /// The part of the logical tensor that a rank works with.
  Box box(const Mesh &mesh) const;
  /// What the rank holds of a state.
  std::vector<HeldBox> held(State state, const Mesh &mesh, int64_t elemBytes) const;
  /// Whether all ranks of a group of the mesh hold the same of a state.
  bool isCopiedIn(const Group &group, State state, const Mesh &mesh) const;
  /// What of that it saves: each element is saved by one rank.
  std::vector<HeldBox> saved(State state, const Mesh &mesh, int64_t elemBytes) const;

private:
  int64_t offset(State state) const;
  /// Whether the rank holds no more of the state than ZeRO leaves it.
  bool isInParts(State state) const;
  const Group &replicas(const Mesh &mesh) const { return expert ? mesh.expertData : mesh.data; }
  /// The group that cuts the tensor, or holds it in copy.
  const Group &splitters(const Mesh &mesh) const {
    return expert ? mesh.expertTensor : mesh.tensor;
  }
  std::vector<HeldBox> ofOwnPart(State state, const Mesh &mesh, int64_t elemBytes) const;
};

} // namespace sigma::runtime

#endif
