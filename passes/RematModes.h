//===- RematModes.h - what a layer may keep from forward to backward ------*- C++ -*-===//

#ifndef PASSES_REMATMODES_H
#define PASSES_REMATMODES_H

#include "dialects/Rank/RankOps.h"
#include "planner/Problem.h"

namespace mlir::sigma {
namespace planner = ::sigma::planner;

/// The modes among which the planner chooses, of a program that holds one piece of a model and has
/// been differentiated: "none" first; of a layer, "full" last. Plans the memory of the program's
/// functions; the program itself stays as it is. Collectives are as `workOf` gives them.
std::vector<planner::RematMode> rematModes(rank::ProgramOp program);

} // namespace mlir::sigma

#endif
