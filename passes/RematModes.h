//===- RematModes.h - what a layer may keep from forward to backward ------*- C++ -*-===//

#ifndef PASSES_REMATMODES_H
#define PASSES_REMATMODES_H

#include "dialects/Rank/RankOps.h"
#include "planner/Problem.h"

namespace mlir::sigma {
namespace planner = ::sigma::planner;

/// The modes among which a planner needs to choose for the layer of a differentiated program, by
/// name: "none" first, "full" last, at most eight. Each of those between saves more for the time
/// that it costs than a mixture of its neighbours.
std::vector<std::string> rematFront(rank::ProgramOp program);

/// The name under which the layer's modes are listed: modules in the layer's order. Fails when
/// `name` names no mode.
FailureOr<std::string> rematModeName(rank::ProgramOp program, StringRef name);

struct MeasuredModes {
  std::vector<planner::RematMode> modes;
  bool holdsGradient = false; // whether gradients of weights read the gradient that comes in
};

/// What these modes of the layer cost; embedding and head, which have no layer, know "none" only.
/// The program stays as it is. Collectives are as `workOf` gives them.
MeasuredModes rematModes(rank::ProgramOp program, ArrayRef<std::string> names);

} // namespace mlir::sigma

#endif
