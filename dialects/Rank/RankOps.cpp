//===- RankOps.cpp - builders, parsers and accessors of the rank ops ------===//

#include "dialects/Rank/RankOps.h"
#include "mlir/Interfaces/FunctionImplementation.h"
#include <cmath>

using namespace mlir;
using namespace mlir::rank;

#include "dialects/Rank/RankInterfaces.cpp.inc"

ParseResult rank::parseChunks(OpAsmParser &parser, DenseI64ArrayAttr &firsts,
                              DenseI64ArrayAttr &ends) {
  SmallVector<int64_t> first, end;
  auto parseChunk = [&]() -> ParseResult {
    return failure(parser.parseInteger(first.emplace_back()) || parser.parseKeyword("to") ||
                   parser.parseInteger(end.emplace_back()));
  };
  if (parser.parseCommaSeparatedList(parseChunk))
    return failure();
  firsts = parser.getBuilder().getDenseI64ArrayAttr(first);
  ends = parser.getBuilder().getDenseI64ArrayAttr(end);
  return success();
}
void rank::printChunks(OpAsmPrinter &printer, Operation *, DenseI64ArrayAttr firsts,
                       DenseI64ArrayAttr ends) {
  llvm::interleaveComma(llvm::zip(firsts.asArrayRef(), ends.asArrayRef()), printer,
                        [&](auto chunk) {
                          auto [first, end] = chunk;
                          printer << first << " to " << end;
                        });
}

#define GET_OP_CLASSES
#include "dialects/Rank/RankOps.cpp.inc"

void ProgramOp::build(OpBuilder &builder, OperationState &state, StringRef name, int64_t stage,
                      StringRef launch, ArrayRef<int64_t> firstLayers, ArrayRef<int64_t> endLayers,
                      ArrayRef<StringRef> remat) {
  state.addAttribute(getSymNameAttrName(state.name), builder.getStringAttr(name));
  state.addAttribute(getStageAttrName(state.name), builder.getI64IntegerAttr(stage));
  state.addAttribute(getLaunchAttrName(state.name),
                     FlatSymbolRefAttr::get(builder.getContext(), launch));
  state.addAttribute(getFirstLayersAttrName(state.name), builder.getDenseI64ArrayAttr(firstLayers));
  state.addAttribute(getEndLayersAttrName(state.name), builder.getDenseI64ArrayAttr(endLayers));
  state.addAttribute(getRematAttrName(state.name), builder.getStrArrayAttr(remat));
  state.addRegion()->emplaceBlock();
}

int64_t LaunchOp::getGroupSize(Group group) {
  switch (group) {
  case Group::Tensor:
    return getTp();
  case Group::Context:
    return getCp();
  case Group::ExpertTensor:
    return getEtp();
  case Group::Expert:
    return getEp();
  }
  llvm_unreachable("unknown group");
}

int64_t LaunchOp::getReplicas(Axis axis) {
  switch (axis) {
  case Axis::Tp:
    return getTp();
  case Axis::Dp:
    return getDp() * getCp();
  case Axis::Edp:
    return getRanksPerStage() / (getEtp() * getEp());
  case Axis::Ends:
    return getPp() > 1 ? 2 : 1;
  }
  llvm_unreachable("unknown axis");
}

bool ParameterOp::isHeldInCopy() {
  return !getExpert() && !getSplit() &&
         (*this)->getParentOfType<ProgramOp>().getLaunchOp().getTp() > 1;
}

LaunchOp ProgramOp::getLaunchOp() {
  return mlir::SymbolTable::lookupNearestSymbolFrom<LaunchOp>((*this)->getParentOp(),
                                                              getLaunchAttr());
}
FuncOp ProgramOp::getForward(int64_t chunk) {
  return lookupSymbol<FuncOp>(functionName(kForward, chunk));
}
FuncOp ProgramOp::getBackward(int64_t chunk) {
  return lookupSymbol<FuncOp>(functionName(kBackward, chunk));
}
FuncOp ProgramOp::getInputGradients(int64_t chunk) {
  return lookupSymbol<FuncOp>(functionName(kInputGradients, chunk));
}
FuncOp ProgramOp::getWeightGradients(int64_t chunk) {
  return lookupSymbol<FuncOp>(functionName(kWeightGradients, chunk));
}
SmallVector<FuncOp> ProgramOp::getForwards() {
  SmallVector<FuncOp> functions;
  for (int64_t chunk = 0; chunk < getNumChunks(); ++chunk)
    if (FuncOp forward = getForward(chunk))
      functions.push_back(forward);
  return functions;
}
ScheduleOp ProgramOp::getSchedule() {
  auto schedules = getBody().getOps<ScheduleOp>();
  return schedules.empty() ? ScheduleOp() : *schedules.begin();
}

void ScheduleOp::build(OpBuilder &, OperationState &state) { state.addRegion()->emplaceBlock(); }

std::string rank::functionName(StringRef name, int64_t chunk) {
  return (chunk == 0 ? name : name + Twine(chunk)).str();
}

/// The function `wanted` of the chunk of `func`, which is called `name`; null if it is not.
static FuncOp ofSameChunk(FuncOp func, StringRef name, StringRef wanted) {
  StringRef chunk = func.getName();
  if (!chunk.consume_front(name))
    return FuncOp();
  return func->getParentOfType<ProgramOp>().lookupSymbol<FuncOp>((wanted + chunk).str());
}

FuncOp FuncOp::getForward() {
  for (StringRef name : {kBackward, kInputGradients, kWeightGradients})
    if (FuncOp forward = ofSameChunk(*this, name, kForward))
      return forward;
  return FuncOp();
}

SmallVector<Residual, 2> FuncOp::getTakenResiduals() {
  SmallVector<Residual, 2> taken;
  auto takeHeld = [&](FuncOp giver) {
    if (giver && !giver.getReturn().getHolds().empty())
      taken.push_back({giver, /*isHeld=*/true});
  };
  if (!getNumSaved())
    return taken;
  FuncOp inputGradients = ofSameChunk(*this, kWeightGradients, kInputGradients);
  if (!inputGradients)
    taken.push_back({getForward(), /*isHeld=*/false});
  takeHeld(getForward());
  takeHeld(inputGradients);
  return taken;
}

SmallVector<Residual, 2> FuncOp::getGivenResiduals() {
  SmallVector<Residual, 2> given;
  if (!getNumSaved())
    given.push_back({*this, /*isHeld=*/false});
  if (!getReturn().getHolds().empty())
    given.push_back({*this, /*isHeld=*/true});
  return given;
}

FuncOp CallOp::getFunction() {
  return (*this)->getParentOfType<ProgramOp>().lookupSymbol<FuncOp>(getCallee());
}
Residual CallOp::getResidual(OpResult result) {
  FuncOp function = getFunction();
  return function.getGivenResiduals()[result.getResultNumber() - function.getResultTypes().size()];
}

OperandRange Residual::values() {
  return isHeld ? giver.getReturn().getHolds() : giver.getReturn().getSaves();
}
int64_t Residual::slotBytes() {
  return (isHeld ? giver.getHeldBytes() : giver.getSlotBytes()).value_or(0);
}
int64_t Residual::endsBytes() {
  return (isHeld ? giver.getHeldEndsBytes() : giver.getEndsBytes()).value_or(0);
}

void FuncOp::build(OpBuilder &builder, OperationState &state, StringRef name, FunctionType type) {
  state.addAttribute(getSymNameAttrName(state.name), builder.getStringAttr(name));
  state.addAttribute(getFunctionTypeAttrName(state.name), TypeAttr::get(type));
  Block &entry = state.addRegion()->emplaceBlock();
  for (Type input : type.getInputs())
    entry.addArgument(input, state.location);
}

ParseResult FuncOp::parse(OpAsmParser &parser, OperationState &result) {
  auto buildFuncType = [](Builder &builder, ArrayRef<Type> inputs, ArrayRef<Type> results,
                          function_interface_impl::VariadicFlag,
                          std::string &) { return builder.getFunctionType(inputs, results); };
  return function_interface_impl::parseFunctionOp(
      parser, result, /*allowVariadic=*/false, getFunctionTypeAttrName(result.name), buildFuncType,
      getArgAttrsAttrName(result.name), getResAttrsAttrName(result.name));
}

void FuncOp::print(OpAsmPrinter &printer) {
  function_interface_impl::printFunctionOp(printer, *this, /*isVariadic=*/false,
                                           getFunctionTypeAttrName(), getArgAttrsAttrName(),
                                           getResAttrsAttrName());
}

ReturnOp FuncOp::getReturn() { return cast<ReturnOp>(getBody().front().getTerminator()); }

CollectRoundsOp AllToAllOp::getCollectRounds() {
  for (Operation *user : getTable().getUsers())
    if (auto collect = dyn_cast<CollectRoundsOp>(user); collect && collect.getTable() == getTable())
      return collect;
  return CollectRoundsOp();
}

YieldOp CollectRoundsOp::getYield() { return cast<YieldOp>(getBody().front().getTerminator()); }

template <typename Op>
static double scoreScale(Op op) {
  if (std::optional<double> scale = op.getScale())
    return *scale;
  return 1.0 / std::sqrt(double(op.getHeadWidth()));
}
double AttentionOp::getScoreScale() { return scoreScale(*this); }
double AttentionGradOp::getScoreScale() { return scoreScale(*this); }

/// Adding to a parameter's gradient is the effect of an op that has `into`; without it, the op is
/// pure.
template <typename Op>
static void addAccumulateEffect(Op op, SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  if (op.getIntoAttr())
    effects.emplace_back(MemoryEffects::Write::get());
}
void MatmulOp::getEffects(SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  addAccumulateEffect(*this, effects);
}
void GroupedMatmulGradOp::getEffects(SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  addAccumulateEffect(*this, effects);
}
void BiasGradOp::getEffects(SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  addAccumulateEffect(*this, effects);
}
void EmbeddingGradOp::getEffects(SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  addAccumulateEffect(*this, effects);
}

/// Rewrites `accumulate @w, (op ...)` to `op ... {into = @w}` when the sum is the product's only
/// use: the runtime adds in the matrix product itself, and the tensor is never stored.
LogicalResult AccumulateOp::canonicalize(AccumulateOp op, PatternRewriter &rewriter) {
  Operation *producer = op.getValue().getDefiningOp();
  if (!producer || !isa<MatmulOp, GroupedMatmulGradOp, BiasGradOp, EmbeddingGradOp>(producer) ||
      !producer->getResult(0).hasOneUse())
    return failure();
  OperationState state(producer->getLoc(), producer->getName());
  state.addOperands(producer->getOperands());
  state.addAttributes(producer->getAttrs());
  state.addAttribute("into", op.getParameterAttr());
  rewriter.setInsertionPoint(op);
  rewriter.create(state);
  rewriter.eraseOp(op);
  rewriter.eraseOp(producer);
  return success();
}
