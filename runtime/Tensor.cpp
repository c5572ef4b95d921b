#include "runtime/Tensor.h"

#include <algorithm>
#include <stdexcept>

namespace sigma::runtime {

Shape Tensor::globalShape(const MeshShape &mesh) const {
  Shape shape = local;
  if (expert)
    shape[0] *= mesh.ep;
  if (split >= 0)
    shape[split] *= expert ? mesh.etp : mesh.tp;
  return shape;
}

Box Tensor::box(const Mesh &mesh) const {
  Box box{Shape(local.size(), 0), local};
  if (expert)
    box.offset[0] = mesh.expert.index * local[0];
  if (split >= 0)
    box.offset[split] = splitters(mesh).index * local[split];
  return box;
}

int64_t Tensor::offset(State state) const {
  switch (state) {
  case State::Value:
    return value;
  case State::Gradient:
    return gradient;
  case State::FirstMoment:
    return first;
  case State::SecondMoment:
    return second;
  case State::Copy:
    return copy;
  }
  throw std::logic_error("there is no such state");
}

bool Tensor::isInParts(State state) const {
  const bool isRead = state == (copy < 0 ? State::Value : State::Copy);
  return zero >= (isRead ? 3 : state == State::Gradient ? 2 : 1);
}

std::vector<HeldBox> Tensor::ofOwnPart(State state, const Mesh &mesh, int64_t elemBytes) const {
  const int64_t partBegin = replicas(mesh).index * part,
                first = std::max<int64_t>(partBegin - begin, 0),
                end = std::min(partBegin + part - begin, elements());
  // Of a state in parts, the arena has no more than the part of the flat.
  int64_t at = offset(state) + (first + (isInParts(state) ? begin - partBegin : 0)) * elemBytes;
  std::vector<HeldBox> all;
  for (Box &run : boxesOfRun(box(mesh), first, end)) {
    const int64_t bytes = run.elements() * elemBytes;
    all.push_back({std::move(run), at});
    at += bytes;
  }
  return all;
}

std::vector<HeldBox> Tensor::held(State state, const Mesh &mesh, int64_t elemBytes) const {
  if (!has(state))
    return {};
  if (isInParts(state))
    return ofOwnPart(state, mesh, elemBytes);
  return {{box(mesh), offset(state)}};
}

bool Tensor::isCopiedIn(const Group &group, State state, const Mesh &mesh) const {
  if (!has(state))
    return false;
  if (&group == &replicas(mesh))
    return !isInParts(state);
  if (&group == &mesh.ends)
    return atEnds;
  return &group == &splitters(mesh) && split < 0;
}

std::vector<HeldBox> Tensor::saved(State state, const Mesh &mesh, int64_t elemBytes) const {
  const bool isCopy = (split < 0 && splitters(mesh).index != 0) || (atEnds && mesh.ends.index != 0);
  if (isCopy || (zero == 0 && replicas(mesh).index != 0))
    return {};
  return zero == 0 ? held(state, mesh, elemBytes) : ofOwnPart(state, mesh, elemBytes);
}

} // namespace sigma::runtime
