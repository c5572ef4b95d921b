//===- RematModes.cpp - what a layer may keep from forward to backward ----===//

#include "passes/RematModes.h"
#include "passes/Probe.h"
#include "passes/Transforms.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using namespace mlir::sigma;
using namespace mlir::rank;

/// Bytes that stay from forward to backward: what forward saves and the activation it was given.
static int64_t savedBytes(ProgramOp program) {
  int64_t bytes = *program.getForward().getSlotBytes();
  for (int64_t index : program.getBackward().getCapturedAttr().asArrayRef()) {
    auto type = cast<RankedTensorType>(program.getForward().getArgumentTypes()[index]);
    if (isa<FloatType>(type.getElementType()))
      bytes += alignOffset(tensorBytes(type));
  }
  return bytes;
}

/// The most memory in use at once inside a function. The gradient that comes in and the one that
/// goes out belong to the stage's function and are counted here.
static int64_t transientBytes(ProgramOp program) {
  int64_t gradients = 0;
  for (Type type : program.getForward().getResultTypes())
    gradients += alignOffset(tensorBytes(type));
  for (Type type : program.getBackward().getResultTypes())
    gradients += alignOffset(tensorBytes(type));
  return std::max(*program.getForward().getTransientBytes(),
                  *program.getBackward().getTransientBytes() + gradients);
}

/// The program as it is, with what recomputation has added to its backward.
static planner::RematMode modeOf(StringRef name, ProgramOp program, planner::WorkCost recompute) {
  planFunctionMemory(program.getForward());
  planFunctionMemory(program.getBackward());
  return {name.str(), std::move(recompute), savedBytes(program), transientBytes(program)};
}

/// Rematerializes a copy; what it has beyond the original is what the mode computes again.
static planner::RematMode fullMode(ProgramOp program) {
  OpBuilder builder(program);
  auto copy = cast<ProgramOp>(builder.clone(*program));
  copy.setRematAttr(builder.getStrArrayAttr({"full"}));
  llvm::DenseSet<Operation *> known;
  for (Operation &op : copy.getBackward().getBody().front())
    known.insert(&op);
  if (failed(rematerialize(copy)))
    llvm::report_fatal_error("a block that the verifier accepted cannot be rematerialized");
  planner::WorkCost recompute =
      workOf(copy.getBackward(), [&](Operation *op) { return !known.contains(op); });
  planner::RematMode mode = modeOf("full", copy, std::move(recompute));
  copy.erase();
  return mode;
}

std::vector<planner::RematMode> mlir::sigma::rematModes(ProgramOp program) {
  std::vector<planner::RematMode> modes{modeOf("none", program, {})};
  if (!program.getRemat().empty())
    modes.push_back(fullMode(program));
  return modes;
}
