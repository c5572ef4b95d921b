//===- FlatOps.cpp - accessors and constraints of ZeRO's ops --------------===//

#include "dialects/Rank/VerifyHelpers.h"

using namespace mlir;
using namespace mlir::rank;

//===----------------------------------------------------------------------===//
// Accessors
//===----------------------------------------------------------------------===//

int64_t FlatOp::getZero() { return launchOf(*this).getZeroOf(getAxis()); }

static auto parametersOf(FlatOp flat) {
  return llvm::to_vector(llvm::make_filter_range(
      flat->getParentOfType<ProgramOp>().getBody().getOps<ParameterOp>(),
      [&](ParameterOp parameter) { return parameter.getFlat() == flat.getSymName(); }));
}

bool FlatOp::isAtEnds() {
  return llvm::any_of(parametersOf(*this),
                      [](ParameterOp parameter) { return parameter.getAtEnds(); });
}

int64_t FlatOp::getCopiesEnd() {
  int64_t end = 0;
  for (ParameterOp parameter : parametersOf(*this))
    if (parameter.isHeldInCopy())
      end = std::max<int64_t>(end,
                              *parameter.getBegin() + parameter.getTensorType().getNumElements());
  return end;
}

/// Each replica's piece of a part, as long as fits.
int64_t FlatOp::getWorkspaceBytes() {
  LaunchOp launch = launchOf(*this);
  return std::min(kReduceChunkBytes,
                  getPart() * launch.getReplicas(getAxis()) * launch.getWideBytes());
}

template <class Op>
static FlatOp flatOfGradients(Op op) {
  auto gradients = op.getGradients().template getDefiningOp<FlatGradientsOp>();
  return op->template getParentOfType<ProgramOp>().template lookupSymbol<FlatOp>(
      gradients.getFlat());
}
FlatOp ReduceGradientsOp::getFlatOp() { return flatOfGradients(*this); }
FlatOp StartReduceGradientsOp::getFlatOp() { return flatOfGradients(*this); }

void StartReduceGradientsOp::build(OpBuilder &builder, OperationState &state, Value gradients) {
  build(builder, state, gradients, IntegerAttr(), IntegerAttr());
}

void StartReduceOp::build(OpBuilder &builder, OperationState &state, Axis axis, ArrayAttr of) {
  build(builder, state, axis, of, IntegerAttr(), IntegerAttr(), IntegerAttr(), IntegerAttr(),
        IntegerAttr());
}

FlatOp StartReduceOp::getFlatOp() {
  auto program = (*this)->getParentOfType<ProgramOp>();
  for (auto name : getOf().getAsRange<FlatSymbolRefAttr>())
    if (auto flat = program.lookupSymbol<FlatOp>(name.getAttr()))
      return flat;
  return FlatOp();
}

SmallVector<ParameterOp> StartReduceOp::getParameters() {
  auto program = (*this)->getParentOfType<ProgramOp>();
  SmallVector<ParameterOp> parameters;
  for (auto name : getOf().getAsRange<FlatSymbolRefAttr>())
    if (auto parameter = program.lookupSymbol<ParameterOp>(name.getAttr()))
      parameters.push_back(parameter);
  return parameters;
}

FlatOp ParameterOp::getFlatOp() {
  if (!getFlat())
    return FlatOp();
  return (*this)->getParentOfType<ProgramOp>().lookupSymbol<FlatOp>(*getFlat());
}

//===----------------------------------------------------------------------===//
// Constraints
//===----------------------------------------------------------------------===//

LogicalResult FlatOp::verify() {
  LaunchOp launch = launchOf(*this);
  if ((getAxis() != Axis::Dp && getAxis() != Axis::Edp) || getZero() == 0)
    return emitOpError() << "'axis' is " << stringifyAxis(getAxis())
                         << "; it must be dp or edp, with a ZeRO stage in the launch";
  const bool mustBeAtEnds = isAtEnds();
  for (ParameterOp parameter : parametersOf(*this))
    if (parameter.getAtEnds() != mustBeAtEnds)
      return (emitOpError() << "has parameters that are 'at_ends', and others")
                 .attachNote(parameter.getLoc())
             << "another is here";
  int64_t replicas = launch.getReplicas(getAxis());
  if (getPart() > 0 && getElements() > 0 && __int128(getPart()) * replicas >= getElements())
    return success();
  return emitOpError() << "'part' is " << getPart() << "; " << replicas
                       << " of them must hold the elements, " << getElements();
}

/// Null, after an error, when there is no such flat.
static FlatOp requireFlat(Operation *op, FlatSymbolRefAttr name) {
  auto flat = op->getParentOfType<ProgramOp>().lookupSymbol<FlatOp>(name.getValue());
  if (!flat)
    op->emitOpError() << "'flat' names " << name << ", which is no rank.flat of this program";
  return flat;
}

LogicalResult rank::requireFits(ParameterOp parameter) {
  if (!parameter.getFlat())
    return success();
  FlatOp flat = requireFlat(parameter, parameter.getFlatAttr());
  if (!flat)
    return failure();
  const Axis axis = parameter.getExpert() ? Axis::Edp : Axis::Dp;
  if (flat.getAxis() != axis)
    return parameter.emitOpError()
           << "'flat' names " << parameter.getFlatAttr() << ", over "
           << stringifyAxis(flat.getAxis()) << "; it must be over " << stringifyAxis(axis);
  int64_t begin = parameter.getBegin().value_or(-1),
          elements = parameter.getTensorType().getNumElements();
  if (begin >= 0 && begin <= flat.getElements() - elements)
    return success();
  return (parameter.emitOpError() << "has " << elements << " elements, which do not fit in 'flat' "
                                  << "from element " << begin)
             .attachNote(flat.getLoc())
         << "flat of " << flat.getElements() << " is here";
}

/// A rank keeps all of a state of the flat, or only a part of it.
static LogicalResult requireKept(Operation *op, FlatOp flat, StringRef state, bool isAll,
                                 bool mustBeAll) {
  if (isAll == mustBeAll)
    return success();
  return op->emitOpError() << "'flat' names @" << flat.getSymName() << ", of whose " << state
                           << " a rank keeps " << (isAll ? "all" : "a part")
                           << ": its ZeRO stage is " << flat.getZero();
}

LogicalResult ReduceScatterGradientsOp::verify() {
  FlatOp flat = requireFlat(*this, getFlatAttr());
  return success(flat && succeeded(requireKept(*this, flat, "gradients", flat.holdsGradients(),
                                               /*mustBeAll=*/true)));
}
/// Of one that is about values of which a rank holds all.
template <class Op>
static LogicalResult verifyWholeValues(Op op) {
  FlatOp flat = requireFlat(op, op.getFlatAttr());
  return success(flat && succeeded(requireKept(op, flat, "values", flat.holdsValues(),
                                               /*mustBeAll=*/true)));
}
LogicalResult AllGatherValuesOp::verify() { return verifyWholeValues(*this); }
LogicalResult WaitValuesOp::verify() { return verifyWholeValues(*this); }
LogicalResult GradientNormOp::verify() {
  return success(!getFlat() || requireFlat(*this, getFlatAttr()));
}
LogicalResult AllReduceGradientsOp::verify() {
  if (!getFlat())
    return success();
  if ((getAxis() != Axis::Tp && getAxis() != Axis::Ends) || getLoads())
    return emitOpError() << "has a 'flat', which goes with axis tp or ends, without 'loads'";
  return success(requireFlat(*this, getFlatAttr()));
}

LogicalResult StartReduceOp::verify() {
  if (!launchOf(*this).getOverlapsGradients())
    return emitOpError() << "needs a launch that 'overlaps_gradients'";
  FlatOp flat = getFlatOp();
  SmallVector<ParameterOp> parameters = getParameters();
  if (flat ? getOf().size() != 1 || !flat.holdsGradients()
           : getOf().empty() || parameters.size() != getOf().size())
    return emitOpError() << "'of' is " << getOf()
                         << "; it must name parameters of the program, or one rank.flat of which a "
                            "rank holds all gradients";
  auto isOfAxis = [&](ParameterOp parameter) {
    return !parameter.getFlat() && parameter.getExpert() == (getAxis() == Axis::Edp);
  };
  if ((getAxis() == Axis::Dp || getAxis() == Axis::Edp) &&
      (flat ? flat.getAxis() == getAxis() : llvm::all_of(parameters, isOfAxis)))
    return success();
  return emitOpError() << "'of' is " << getOf() << ", not all of whose gradients are summed over "
                       << stringifyAxis(getAxis());
}

LogicalResult FlatGradientsOp::verify() {
  FlatOp flat = requireFlat(*this, getFlatAttr());
  if (!flat || failed(requireKept(*this, flat, "gradients", flat.holdsGradients(),
                                  /*mustBeAll=*/false)))
    return failure();
  return requireShapes(*this, {{"result", getResult(), {flat.getElements()}}});
}
/// Of one that gathers the values of a flat.
template <class Op>
static LogicalResult verifyGather(Op op) {
  FlatOp flat = requireFlat(op, op.getFlatAttr());
  if (!flat || failed(requireKept(op, flat, "values", flat.holdsValues(), /*mustBeAll=*/false)))
    return failure();
  return requireShapes(op, {{"result", op.getResult(), {flat.getElements()}}});
}
LogicalResult GatherValuesOp::verify() { return verifyGather(*this); }
LogicalResult StartGatherOp::verify() {
  if (!launchOf(*this).getOverlapsParameters())
    return emitOpError() << "needs a launch that 'overlaps_parameters'";
  return verifyGather(*this);
}
LogicalResult WaitGatherOp::verify() {
  if (!getValues().getDefiningOp<StartGatherOp>())
    return emitOpError() << "'values' must come from rank.start_gather";
  for (Operation *user : getValues().getUsers())
    if (user->isBeforeInBlock(*this))
      return (emitOpError() << "'values' are read before").attachNote(user->getLoc()) << "here";
  return success();
}
static LogicalResult requireFlatGradients(Operation *op, Value gradients) {
  if (gradients.getDefiningOp<FlatGradientsOp>())
    return success();
  return op->emitOpError() << "'gradients' must come from rank.flat_gradients";
}
LogicalResult ReduceGradientsOp::verify() { return requireFlatGradients(*this, getGradients()); }
LogicalResult StartReduceGradientsOp::verify() {
  if (!launchOf(*this).getOverlapsGradients())
    return emitOpError() << "needs a launch that 'overlaps_gradients'";
  return requireFlatGradients(*this, getGradients());
}
LogicalResult WaitReduceGradientsOp::verify() {
  auto isStart = [&](Operation *user) {
    return isa<StartReduceGradientsOp>(user) && user->isBeforeInBlock(*this);
  };
  if (llvm::any_of(getGradients().getUsers(), isStart))
    return success();
  return emitOpError() << "'gradients' must be those of a rank.start_reduce_gradients before it";
}

LogicalResult rank::requireValuesOf(WeightOp weight, ParameterOp parameter) {
  FlatOp flat = parameter.getFlatOp();
  bool isGathered = flat && !flat.holdsValues();
  Operation *source = weight.getValues() ? weight.getValues().getDefiningOp() : nullptr;
  if (isGathered
          ? source && isa<GatherValuesOp, StartGatherOp>(source) &&
                source->getAttrOfType<FlatSymbolRefAttr>("flat").getValue() == flat.getSymName()
          : !weight.getValues())
    return success();
  InFlightDiagnostic error = weight.emitOpError();
  if (isGathered)
    return error << "needs 'values' of rank.gather_values @" << flat.getSymName();
  return error << "has 'values', but a rank keeps all of @" << parameter.getSymName();
}
