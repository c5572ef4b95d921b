//===- CollectiveVerifiers.cpp - constraints of what ranks do together ----===//

#include "dialects/Rank/VerifyHelpers.h"

using namespace mlir;
using namespace mlir::rank;

//===----------------------------------------------------------------------===//
// What is started
//===----------------------------------------------------------------------===//

WaitOp rank::waitOf(Operation *op) {
  if (op->hasAttr(kStartedAttr))
    for (Operation *user : op->getUsers())
      if (auto wait = dyn_cast<WaitOp>(user))
        return wait;
  return {};
}

static LogicalResult verifyStarted(Operation *op) {
  const int64_t waits =
      llvm::count_if(op->getUsers(), [](Operation *user) { return isa<WaitOp>(user); });
  if (!op->hasAttr(kStartedAttr) || waits == 1)
    return success();
  return op->emitOpError() << "is 'started', and its result has " << waits
                           << " rank.wait; it must have one";
}

LogicalResult WaitOp::verify() {
  Operation *source = getRows().getDefiningOp();
  if (!source || !source->hasAttr(kStartedAttr))
    return emitOpError() << "'rows' must come from a collective that is 'started'";
  for (Operation *user : getRows().getUsers())
    if (user->isBeforeInBlock(*this))
      return (emitOpError() << "'rows' are read before").attachNote(user->getLoc()) << "here";
  return success();
}

//===----------------------------------------------------------------------===//
// Tensor and context parallelism
//===----------------------------------------------------------------------===//

/// `whole` has the rows of all ranks of the group, `part` those of one.
static LogicalResult verifyParts(Operation *op, Group group, int64_t blocks, Value part,
                                 StringRef wholeField, Value whole) {
  if (failed(verifyStarted(op)) ||
      failed(requireDivides(op, "blocks", blocks, "rows of a rank", rows(part))))
    return failure();
  int64_t size = launchOf(op).getGroupSize(group);
  return requireShapes(op, {{wholeField, whole, {rows(part) * size, columns(part)}}});
}
LogicalResult AllGatherOp::verify() {
  return verifyParts(*this, getGroup(), getBlocks(), getInput(), "result", getResult());
}
LogicalResult ReduceScatterOp::verify() {
  return verifyParts(*this, getGroup(), getBlocks(), getResult(), "input", getInput());
}

LogicalResult GatherSequenceOp::verify() {
  int64_t cp = launchOf(*this).getCp();
  if (failed(requireDivides(*this, "blocks", getBlocks(), "rows of a share", rows(getInput()))) ||
      failed(requireDivides(*this, "cp", cp, "columns of 'input'", columns(getInput()))))
    return failure();
  return requireShapes(
      *this, {{"result", getResult(), {rows(getInput()) * cp, columns(getInput()) / cp}}});
}
LogicalResult SplitSequenceOp::verify() {
  int64_t cp = launchOf(*this).getCp();
  if (failed(requireDivides(*this, "blocks", getBlocks(), "rows of a share", rows(getResult()))) ||
      failed(requireDivides(*this, "cp", cp, "rows of 'input'", rows(getInput()))))
    return failure();
  return requireShapes(
      *this, {{"result", getResult(), {rows(getInput()) / cp, columns(getInput()) * cp}}});
}

//===----------------------------------------------------------------------===//
// Expert parallelism
//===----------------------------------------------------------------------===//

/// The table of one exchange: a row for each rank of the ep group, a column for each local expert.
template <typename Op>
static LogicalResult verifyTable(Op op) {
  int64_t ep = launchOf(op).getEp();
  if (failed(requireDivides(op, "ep", ep, "entries of 'sizes'", count(op.getSizes()))))
    return failure();
  return requireShapes(op, {{"table", op.getTable(), {ep, count(op.getSizes()) / ep}}});
}
template <typename Op>
static LogicalResult verifyBegins(Op op) {
  return requireShapes(op, {{"begins", op.getBegins(), {int64_t(launchOf(op).getEp())}}});
}
LogicalResult ExchangeSizesOp::verify() {
  if (failed(verifyTable(*this)) || failed(requireNotNegative(*this, "capacity", getCapacity())))
    return failure();
  return requireShapes(*this, {{"local_sizes", getLocalSizes(), {columns(getTable())}}});
}
LogicalResult AllToAllOp::verify() {
  if (failed(verifyStarted(*this)) || failed(verifyTable(*this)) ||
      failed(requireNotNegative(*this, "expected_rows", getExpectedRows())))
    return failure();
  if (getBegins() && failed(verifyBegins(*this)))
    return failure();
  return requireShapes(*this, {{"result", getResult(), {rows(getResult()), columns(getRows())}}});
}

//===----------------------------------------------------------------------===//
// Rounds
//===----------------------------------------------------------------------===//

template <typename Op>
static LogicalResult verifyRoutes(Op op) {
  const int64_t ep = launchOf(op).getEp(), experts = count(op.getSizes());
  if (failed(requireDivides(op, "ep", ep, "entries of 'sizes'", experts)) ||
      failed(requireSize(op, "capacity", op.getCapacity())) ||
      failed(requireSize(op, "later_capacity", op.getLaterCapacity())))
    return failure();
  return requireShapes(op, {{"routes", op.getRoutes(), {ep, experts / ep + 1}}});
}
LogicalResult ExchangeRoutesOp::verify() {
  if (failed(verifyRoutes(*this)))
    return failure();
  return requireShapes(*this, {{"rounds", getRounds(), {1}}});
}
LogicalResult RoundOp::verify() {
  if (failed(verifyRoutes(*this)) || failed(verifyBegins(*this)))
    return failure();
  const int64_t ep = launchOf(*this).getEp(), experts = count(getSizes());
  return requireShapes(*this, {{"sent", getSent(), {experts}},
                               {"table", getTable(), {ep, experts / ep}},
                               {"local_sizes", getLocalSizes(), {experts / ep}}});
}
LogicalResult CollectRoundsOp::verify() {
  if (failed(verifyTable(*this)) || failed(verifyBegins(*this)) ||
      failed(requireNotNegative(*this, "expected_rows", getExpectedRows())))
    return failure();
  Block &body = getBody().front();
  auto yield = body.empty() ? YieldOp() : dyn_cast<YieldOp>(body.back());
  if (!yield || yield.getRows().getType() != getResult().getType())
    return emitOpError() << "the body must end with rank.yield of " << getResult().getType();
  if (body.getArgumentTypes() != getInputs().getTypes())
    return emitOpError() << "the body must take what 'inputs' are";
  return requireShapes(*this, {{"rounds", getRounds(), {1}},
                               {"result", getResult(), {rows(getResult()), columns(getRows())}}});
}

//===----------------------------------------------------------------------===//
// Tensor parallelism of experts
//===----------------------------------------------------------------------===//

LogicalResult GatherSizesOp::verify() {
  int64_t etp = launchOf(*this).getEtp(), experts = count(getSizes());
  if (bool(getRounds()) != bool(getMostRounds()))
    return emitOpError() << "'rounds' and 'most_rounds' go together";
  if (getRounds() && failed(requireShapes(*this, {{"rounds", getRounds(), {1}},
                                                  {"most_rounds", getMostRounds(), {1}}})))
    return failure();
  return requireShapes(
      *this, {{"table", getTable(), {etp, experts}}, {"all_sizes", getAllSizes(), {experts}}});
}

template <typename Op>
static LogicalResult verifyExpertRows(Op op, Value part, StringRef wholeField, Value whole) {
  int64_t etp = launchOf(op).getEtp();
  if (failed(verifyStarted(op)) ||
      failed(requireNotNegative(op, "expected_rows", op.getExpectedRows())))
    return failure();
  return requireShapes(op, {{"table", op.getTable(), {etp, columns(op.getTable())}},
                            {wholeField, whole, {rows(part) * etp, columns(part)}}});
}
LogicalResult GatherExpertRowsOp::verify() {
  return verifyExpertRows(*this, getRows(), "result", getResult());
}
LogicalResult ScatterExpertRowsOp::verify() {
  return verifyExpertRows(*this, getResult(), "rows", getRows());
}
