//===- RankVerifiers.cpp - constraints of the rank ops --------------------===//

#include "dialects/Rank/RematSet.h"
#include "dialects/Rank/VerifyHelpers.h"

using namespace mlir;
using namespace mlir::rank;

/// Null, after an error, when there is no such parameter.
static ParameterOp requireParameter(Operation *op, StringRef field, FlatSymbolRefAttr name) {
  auto parameter = op->getParentOfType<ProgramOp>().lookupSymbol<ParameterOp>(name.getValue());
  if (!parameter)
    op->emitOpError() << "'" << field << "' names " << name
                      << ", which is no rank.parameter of this program";
  return parameter;
}

/// The shape of what an accumulating op makes, wherever it goes.
template <typename Op>
static LogicalResult requireProduct(Op op, ArrayRef<int64_t> shape) {
  if (bool(op.getInto()) == bool(op.getResult()))
    return op.emitOpError() << "has either a result or 'into'";
  if (op.getResult())
    return requireShapes(op, {{"result", op.getResult(), llvm::to_vector<3>(shape)}});
  ParameterOp into = requireParameter(op, "into", op.getIntoAttr());
  if (!into)
    return failure();
  if (into.getTensorType().getShape() == shape)
    return success();
  return (op.emitOpError() << "'into' names a parameter of shape "
                           << spell(into.getTensorType().getShape()) << "; it must be "
                           << spell(shape))
             .attachNote(into.getLoc())
         << "parameter is here";
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

/// What the schedule asks of chunks, stages and micro-batches.
static LogicalResult requireSchedule(LaunchOp launch) {
  const ScheduleKind kind = launch.getSchedule();
  const int64_t pp = launch.getPp(), vpp = launch.getVpp(), count = launch.getNumMicroBatches();
  auto refuse = [&](const Twine &what) {
    return launch.emitOpError() << what << " with 'schedule' " << stringifyScheduleKind(kind);
  };
  if (kind == ScheduleKind::Interleaved) {
    if (vpp == 1 || pp == 1)
      return refuse("'pp' is " + Twine(pp) + " and 'vpp' " + Twine(vpp) + "; both must be above 1");
    if (count % pp != 0)
      return refuse("has " + Twine(count) + " micro-batches; they must be a multiple of 'pp', " +
                    Twine(pp) + ",");
    return success();
  }
  const int64_t chunks = kind == ScheduleKind::DualPipeV ? 2 : 1;
  if (vpp != chunks)
    return refuse("'vpp' is " + Twine(vpp) + "; it must be " + Twine(chunks));
  if (kind == ScheduleKind::OneFOneB)
    return success();
  if (pp == 1)
    return refuse("'pp' is 1; it must be above 1");
  if (count < chunks * pp)
    return refuse("has " + Twine(count) + " micro-batches; they must be at least 'vpp' * 'pp', " +
                  Twine(chunks * pp) + ",");
  return success();
}

LogicalResult LaunchOp::verify() {
  std::pair<StringRef, int64_t> sizes[] = {{"tp", getTp()},
                                           {"cp", getCp()},
                                           {"pp", getPp()},
                                           {"vpp", getVpp()},
                                           {"dp", getDp()},
                                           {"etp", getEtp()},
                                           {"ep", getEp()},
                                           {"batch", getGlobalBatch()},
                                           {"micro_batch", getMicroBatch()},
                                           {"sequence", getSequence()},
                                           {"vocabulary", getVocabulary()}};
  for (auto [field, value] : sizes)
    if (failed(requireSize(*this, field, value)))
      return failure();
  if (__int128(getTp()) * getCp() * getDp() % (getEtp() * getEp()) != 0)
    return emitOpError() << "'etp' * 'ep' is " << getEtp() << " * " << getEp()
                         << "; it must divide tp * cp * dp, " << getTp() << " * " << getCp()
                         << " * " << getDp();
  if (getSequence() % (getTp() * getCp()) != 0)
    return emitOpError() << "'tp' * 'cp' is " << getTp() << " * " << getCp()
                         << "; it must divide sequence, " << getSequence();
  if (getCp() > 1 && getContextKind() == ContextKind::Ring && getSequence() % (2 * getCp()) != 0)
    return emitOpError() << "'cp' is a ring of " << getCp() << "; 2 * cp must divide sequence, "
                         << getSequence();
  if (getGlobalBatch() % (getDp() * getMicroBatch()) != 0)
    return emitOpError() << "'batch' is " << getGlobalBatch()
                         << "; it must be a multiple of dp * micro_batch, " << getDp() << " * "
                         << getMicroBatch();
  if (failed(requireSchedule(*this)))
    return failure();
  for (auto [field, axis] :
       {std::pair<StringRef, Axis>{"zero", Axis::Dp}, {"expert_zero", Axis::Edp}})
    if (int64_t stage = getZeroOf(axis), most = getReplicas(axis) > 1 ? 3 : 0;
        stage < 0 || stage > most)
      return emitOpError() << "'" << field << "' is " << stage << "; it must be from 0 to " << most
                           << (most ? "" : " where one rank holds the parameters");
  if (!getElementType().isF32() && !getElementType().isF64() && !getElementType().isBF16())
    return emitOpError() << "'precision' is " << getElementType()
                         << "; it must be f32, f64 or bf16";
  return success();
}

LogicalResult ProgramOp::verify() {
  LaunchOp launch = getLaunchOp();
  if (!launch)
    return emitOpError() << "'launch' names " << getLaunchAttr()
                         << ", which is no rank.launch of this module";
  if (getStage() >= launch.getPp() || getStage() < 0)
    return (emitOpError() << "'stage' is " << getStage() << "; it must be from 0 to "
                          << launch.getPp() - 1)
               .attachNote(launch.getLoc())
           << "the launch has " << launch.getPp() << " stages";
  for (ArrayRef<int64_t> borders : {getFirstLayers(), getEndLayers()})
    if (int64_t(borders.size()) != launch.getVpp())
      return emitOpError() << "has layers of " << borders.size() << " chunks; the launch has "
                           << launch.getVpp();
  int64_t layers = 0;
  for (auto [first, end] : llvm::zip(getFirstLayers(), getEndLayers())) {
    if (first < 0 || end < first)
      return emitOpError() << "has layers " << first << " to " << end
                           << "; they must not be negative, nor end before they begin";
    layers += end - first;
  }
  if (layers != int64_t(getRemat().size()))
    return emitOpError() << "'remat' has " << getRemat().size()
                         << " entries; it must have one for each of the " << layers << " layers";
  return success();
}

/// Values are of the launch's precision, or of what that is computed in.
static LogicalResult requirePrecision(Operation *op, Type type, FloatType precision) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !isa<FloatType>(tensor.getElementType()) || tensor.getElementType() == precision ||
      tensor.getElementType() == wideType(precision))
    return success();
  return op->emitOpError() << "has a tensor of " << tensor.getElementType()
                           << "; the launch's precision is " << precision;
}

static LogicalResult requirePrecisions(ProgramOp program) {
  auto precision = cast<FloatType>(program.getLaunchOp().getElementType());
  WalkResult result = program.walk([&](Operation *op) {
    auto fits = [&](Type type) { return succeeded(requirePrecision(op, type, precision)); };
    bool good = llvm::all_of(op->getResultTypes(), fits) && succeeded(requireElementTypes(op));
    if (auto parameter = dyn_cast<ParameterOp>(op))
      good = good && fits(parameter.getType());
    if (auto func = dyn_cast<FuncOp>(op))
      good = good && llvm::all_of(func.getArgumentTypes(), fits);
    return good ? WalkResult::advance() : WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

static SmallVector<Type> floatTypes(TypeRange types) {
  return llvm::to_vector(llvm::make_filter_range(types, [](Type type) {
    return isa<FloatType>(cast<RankedTensorType>(type).getElementType());
  }));
}

/// Types that the function must take: what is kept for it, then those of `all` that `indices`, the
/// attribute `field`, names.
static LogicalResult appendNamed(FuncOp func, StringRef field, DenseI64ArrayAttr indices,
                                 StringRef what, TypeRange all, SmallVectorImpl<Type> &inputs) {
  for (int64_t index : indices.asArrayRef()) {
    if (index < 0 || index >= int64_t(all.size()))
      return func.emitOpError() << "'" << field << "' names " << what << " " << index
                                << " of @forward, which has " << all.size();
    inputs.push_back(all[index]);
  }
  return success();
}

/// What a function of backward takes first: all that is kept for it, then captured arguments.
static FailureOr<SmallVector<Type>> primalTypes(FuncOp func) {
  FuncOp forward = func.getForward();
  if (!forward)
    return func.emitOpError() << "has no @forward beside it";
  if (!func.getNumSaved() || !func.getCaptured())
    return func.emitOpError() << "has no 'num_saved' or no 'captured'";
  SmallVector<Type> inputs;
  for (Residual residual : func.getTakenResiduals())
    llvm::append_range(inputs, residual.values().getTypes());
  if (*func.getNumSaved() != int64_t(inputs.size()))
    return func.emitOpError() << "'num_saved' is " << *func.getNumSaved() << "; " << inputs.size()
                              << " values are kept for it";
  if (failed(appendNamed(func, "captured", func.getCapturedAttr(), "argument",
                         forward.getArgumentTypes(), inputs)))
    return failure();
  return inputs;
}

/// @backward, or the half that makes the gradients of inputs.
static LogicalResult requireBackwardFits(FuncOp backward) {
  FailureOr<SmallVector<Type>> inputs = primalTypes(backward);
  if (failed(inputs))
    return failure();
  FuncOp forward = backward.getForward();
  llvm::append_range(*inputs, floatTypes(forward.getResultTypes()));
  if (TypeRange(*inputs) != TypeRange(backward.getArgumentTypes()))
    return backward.emitOpError()
           << "must take what @forward saves, the captured arguments and the gradients of "
              "@forward's results";
  if (TypeRange(floatTypes(forward.getArgumentTypes())) != TypeRange(backward.getResultTypes()))
    return backward.emitOpError() << "must return the gradients of @forward's float arguments";
  return success();
}

static LogicalResult requireWeightGradientsFit(FuncOp weights) {
  FailureOr<SmallVector<Type>> inputs = primalTypes(weights);
  if (failed(inputs))
    return failure();
  if (!weights.getCapturedGradients())
    return weights.emitOpError() << "has no 'captured_gradients'";
  if (failed(appendNamed(weights, "captured_gradients", weights.getCapturedGradientsAttr(),
                         "result", floatTypes(weights.getForward().getResultTypes()), *inputs)))
    return failure();
  if (TypeRange(*inputs) != TypeRange(weights.getArgumentTypes()))
    return weights.emitOpError() << "must take what @forward and @input_gradients hold, and the "
                                    "captured arguments and gradients";
  if (!weights.getResultTypes().empty())
    return weights.emitOpError() << "must return nothing";
  return success();
}

/// The functions of one chunk; adds those of backward and those that may hold values.
static LogicalResult requireBackwardFits(ProgramOp program, int64_t chunk,
                                         llvm::DenseSet<Operation *> &backwards,
                                         llvm::DenseSet<Operation *> &holders) {
  FuncOp inputs = program.getInputGradients(chunk), weights = program.getWeightGradients(chunk);
  if (bool(inputs) != bool(weights))
    return (inputs ? inputs : weights).emitOpError()
           << "has no @" << functionName(inputs ? kWeightGradients : kInputGradients, chunk)
           << " beside it";
  for (FuncOp backward : {program.getBackward(chunk), inputs})
    if (backward) {
      backwards.insert(backward);
      if (failed(requireBackwardFits(backward)))
        return failure();
    }
  if (!weights)
    return success();
  backwards.insert(weights);
  holders.insert(inputs);
  holders.insert(program.getForward(chunk));
  return requireWeightGradientsFit(weights);
}

static LogicalResult requireBackwardFits(ProgramOp program) {
  llvm::DenseSet<Operation *> backwards, holders;
  for (int64_t chunk = 0; chunk < program.getNumChunks(); ++chunk)
    if (failed(requireBackwardFits(program, chunk, backwards, holders)))
      return failure();
  for (auto func : program.getBody().getOps<FuncOp>()) {
    if (func.getNumSaved() && !backwards.contains(func))
      return func.emitOpError() << "has 'num_saved', which only functions of backward have";
    if (!func.getReturn().getHolds().empty() && !holders.contains(func))
      return func.emitOpError() << "holds values; only @forward and @input_gradients can, beside "
                                   "@weight_gradients";
  }
  return success();
}

static LogicalResult requireCallFits(CallOp call, FuncOp callee) {
  if (!callee)
    return call.emitOpError() << "names " << call.getCalleeAttr()
                              << ", which is no rank.func of this program";
  Type residual = ResidualType::get(call.getContext());
  SmallVector<Type> inputs(callee.getTakenResiduals().size(), residual);
  llvm::append_range(inputs,
                     callee.getArgumentTypes().drop_front(callee.getNumSaved().value_or(0)));
  SmallVector<Type> outputs(callee.getResultTypes());
  outputs.append(callee.getGivenResiduals().size(), residual);
  if (TypeRange(inputs) != TypeRange(call.getInputs()))
    return call.emitOpError() << "has operands that differ from what @" << callee.getName()
                              << " takes, (" << inputs << ")";
  if (TypeRange(outputs) != TypeRange(call.getOutputs()))
    return call.emitOpError() << "has results that differ from what @" << callee.getName()
                              << " gives, (" << outputs << ")";
  return success();
}

/// What more than one function or schedule must agree on; all of them are valid by themselves here.
LogicalResult ProgramOp::verifyRegions() {
  if (failed(requirePrecisions(*this)) || failed(requireBackwardFits(*this)) ||
      (int64_t(getForwards().size()) == getNumChunks() && failed(rematSets(*this))))
    return failure();
  WalkResult result = walk([&](CallOp call) {
    return WalkResult(requireCallFits(call, lookupSymbol<FuncOp>(call.getCallee())));
  });
  return failure(result.wasInterrupted());
}

LogicalResult FuncOp::verify() {
  if (getBody().empty())
    return emitOpError() << "has no body";
  if (!isa<ReturnOp>(getBody().front().getTerminator()))
    return emitOpError() << "must end with rank.return";
  for (TypeRange types : {TypeRange(getArgumentTypes()), TypeRange(getResultTypes())})
    for (Type type : types)
      if (!isBounded(type) ||
          !(isa<FloatType>(getElementTypeOrSelf(type)) || getElementTypeOrSelf(type).isInteger(32)))
        return emitOpError() << "takes or returns " << type
                             << "; it must be a static tensor of floats or i32";
  return success();
}

/// Why the first and the last stage cannot hold a parameter; null where they can.
static const char *whyNotAtEnds(ParameterOp parameter) {
  if (parameter.getExpert())
    return "'expert'";
  if (parameter.isUpdatedByLoad())
    return "updated by load";
  return parameter.isHeldInCopy() ? "held whole by each rank of a tensor group" : nullptr;
}

static LogicalResult requireAtEnds(ParameterOp parameter) {
  const int64_t stage = parameter->getParentOfType<ProgramOp>().getStage(),
                stages = launchOf(parameter).getPp();
  if (stages == 1 || (stage != 0 && stage != stages - 1))
    return parameter.emitOpError() << "is 'at_ends' on stage " << stage << " of " << stages
                                   << "; it must be on the first or the last of several stages";
  if (const char *why = whyNotAtEnds(parameter))
    return parameter.emitOpError() << "is 'at_ends' and " << why << ", which do not go together";
  return success();
}

LogicalResult ParameterOp::verify() {
  auto type = dyn_cast<RankedTensorType>(getType());
  if (!type || !isBounded(type) || type.getRank() < 1 || type.getRank() > 4 ||
      !isa<FloatType>(type.getElementType()))
    return emitOpError()
           << "has type " << getType()
           << "; it must be a static float tensor with 1 to 4 dimensions, none of them 0";
  if (getInitScale() < 0)
    return emitOpError() << "'init' scale is negative";
  if (isUpdatedByLoad() && !(getUpdateRate() > 0))
    return emitOpError() << "'update_rate' is " << getUpdateRate()
                         << "; it must be positive with 'update' load";
  if (auto split = getSplit();
      split && (*split < (getExpert() ? 1 : 0) || *split >= type.getRank()))
    return emitOpError() << "'split' is " << *split << "; it must be a dimension of " << type
                         << (getExpert() ? ", after that of the experts" : "");
  if (getAtEnds() && failed(requireAtEnds(*this)))
    return failure();
  return requireFits(*this);
}

static LogicalResult requireParameterType(Operation *op, FlatSymbolRefAttr name, Type type) {
  ParameterOp parameter = requireParameter(op, "parameter", name);
  if (!parameter)
    return failure();
  if (parameter.getType() == type)
    return success();
  return (op->emitOpError() << "has type " << type << " but the parameter is "
                            << parameter.getType())
             .attachNote(parameter.getLoc())
         << "parameter is here";
}

LogicalResult WeightOp::verify() {
  if (failed(requireParameterType(*this, getParameterAttr(), getResult().getType())))
    return failure();
  return requireValuesOf(*this, requireParameter(*this, "parameter", getParameterAttr()));
}
LogicalResult AccumulateOp::verify() {
  ParameterOp parameter = requireParameter(*this, "parameter", getParameterAttr());
  if (parameter && parameter.getWideType() == getValue().getType())
    return success();
  return requireParameterType(*this, getParameterAttr(), getValue().getType());
}
LogicalResult AdamWOp::verify() {
  return success(requireParameter(*this, "parameter", getParameterAttr()));
}

LogicalResult ReturnOp::verify() {
  auto func = (*this)->getParentOfType<FuncOp>();
  if (TypeRange(getResults()) != TypeRange(func.getResultTypes()))
    return emitOpError() << "returns " << getResults().size()
                         << " results that do not have the types of @" << func.getName() << "'s "
                         << func.getResultTypes().size() << " results";
  for (OperandRange kept : {getSaves(), getHolds()})
    for (Value value : kept)
      if (!value.getDefiningOp() || value.getDefiningOp<WeightOp>())
        return emitOpError()
               << "saves an argument or a weight; only values that are computed here can be saved";
  return success();
}

LogicalResult LoadBatchOp::verify() {
  int64_t tokens = (*this)->getParentOfType<ProgramOp>().getLaunchOp().getTokens();
  return requireShapes(*this,
                       {{"tokens", getTokens(), {tokens}}, {"targets", getTargets(), {tokens}}});
}

//===----------------------------------------------------------------------===//
// Linear algebra, norm, activation, attention
//===----------------------------------------------------------------------===//

LogicalResult AddOp::verify() {
  return requireNotNegative(*this, kExpectedRowsAttr, getExpectedRows().value_or(0));
}

LogicalResult MatmulOp::verify() {
  int64_t inner = getRhs().getType().getDimSize(getTransposeRhs() ? 1 : 0);
  if (getInner() != inner)
    return emitOpError() << "inner dimensions differ: " << getInner() << " != " << inner;
  return requireProduct(*this, {getRows(), getColumns()});
}

LogicalResult GroupedMatmulOp::verify() {
  int64_t inner = columns(getRows()), groups = count(getSizes()), width = columns(getResult());
  SmallVector<int64_t, 3> weights{groups, inner, width};
  if (getTransposeWeights())
    std::swap(weights[1], weights[2]);
  if (failed(requireShapes(*this, {{"weights", getWeights(), weights},
                                   {"result", getResult(), {rows(getRows()), width}}})))
    return failure();
  return requireNotNegative(*this, "expected_rows", getExpectedRows());
}

LogicalResult GroupedMatmulGradOp::verify() {
  if (failed(requireShapes(*this, {{"rhs", getRhs(), {rows(getLhs()), columns(getRhs())}}})) ||
      failed(requireNotNegative(*this, "expected_rows", getExpectedRows())))
    return failure();
  return requireProduct(*this, {count(getSizes()), columns(getLhs()), columns(getRhs())});
}

/// rms_norm and its gradient.
template <typename Op>
static LogicalResult verifyNorm(Op op, ArrayRef<Derived> likeInput) {
  int64_t width = count(op.getWeight());
  if (failed(requireDivides(op, "weight", width, "row of 'input'", columns(op.getInput()))) ||
      failed(requireShapes(op, {{"rstd", op.getRstd(), {count(op.getInput()) / width}}})))
    return failure();
  return requireShapes(op, likeInput);
}
LogicalResult RmsNormOp::verify() {
  return verifyNorm(*this, {{"result", getResult(), like(getInput())}});
}
LogicalResult RmsNormGradOp::verify() {
  return verifyNorm(*this, {{"gradient", getGradient(), like(getInput())},
                            {"input_gradient", getInputGradient(), like(getInput())},
                            {"weight_gradient", getWeightGradient(), like(getWeight())}});
}

LogicalResult RotaryOp::verify() {
  if (failed(requireShares(*this, "shares", getShares(), {Group::Context})))
    return failure();
  if (failed(requireDivides(*this, "sequence", getSequence(), "rows", rows(getInput()))) ||
      failed(requireDivides(*this, "heads", getHeads(), "columns", columns(getInput()))))
    return failure();
  int64_t pairs = getFrequencies().size(), width = columns(getInput()) / getHeads();
  if (pairs >= 1 && 2 * pairs <= width)
    return success();
  return emitOpError() << "'frequencies' has " << pairs
                       << " entries; it must have from 1 to half the width of a head, "
                       << width / 2;
}

/// join_heads and its gradient; `joined` is what the one makes and the other takes.
template <typename Op>
static LogicalResult verifyHeads(Op op, StringRef field, Value joined) {
  if (failed(requireDivides(op, "heads", op.getHeads(), "columns of 'own'", columns(op.getOwn()))))
    return failure();
  int64_t tokens = rows(op.getOwn()), sharedWidth = columns(op.getShared());
  return requireShapes(
      op, {{"shared", op.getShared(), {tokens, sharedWidth}},
           {field, joined, {tokens, op.getHeads() * sharedWidth + columns(op.getOwn())}}});
}
LogicalResult JoinHeadsOp::verify() { return verifyHeads(*this, "result", getResult()); }
LogicalResult SplitHeadsOp::verify() { return verifyHeads(*this, "input", getInput()); }

static LogicalResult requirePositive(Operation *op, StringRef field, std::optional<double> value) {
  if (!value || *value > 0)
    return success();
  return op->emitOpError() << "'" << field << "' is " << *value << "; it must be positive";
}

/// attention and its gradient; `derived` are the values that only the one or the other has.
template <typename Op>
static LogicalResult verifyAttention(Op op, ArrayRef<Derived> derived) {
  int64_t heads = op.getHeads(), kvHeads = op.getKvHeads(), tokens = rows(op.getQuery());
  if (failed(requireDivides(op, "sequence", op.getSequence(), "rows", tokens)) ||
      failed(requireDivides(op, "heads", heads, "columns", columns(op.getQuery()))) ||
      failed(requireDivides(op, "kv_heads", kvHeads, "heads", heads)) ||
      failed(requireDivides(op, "kv_heads", kvHeads, "columns of 'value'", columns(op.getValue()))))
    return failure();
  for (auto [field, value] : {std::pair<StringRef, std::optional<double>>{"window", op.getWindow()},
                              {"chunk", op.getChunk()},
                              {"scale", op.getScale()},
                              {"softcap", op.getSoftcap()}})
    if (failed(requirePositive(op, field, value)))
      return failure();
  if (failed(requireShares(op, "ring", op.getRing(), {Group::Context})))
    return failure();
  if (op.getRing() > 1 && (op.getWindow() || op.getChunk() || op.getSinks()))
    return op.emitOpError() << "'ring' is " << op.getRing()
                            << "; it goes with no 'window', 'chunk' or 'sinks'";
  if (op.getSinks() && failed(requireShapes(op, {{"sinks", op.getSinks(), {heads}}})))
    return failure();
  if (failed(requireShapes(op, {{"key", op.getKey(), {tokens, op.getHeadWidth() * kvHeads}},
                                {"value", op.getValue(), {tokens, columns(op.getValue())}},
                                {"lse", op.getLse(), {tokens, heads}}})))
    return failure();
  return requireShapes(op, derived);
}
LogicalResult AttentionOp::verify() {
  return verifyAttention(
      *this, {{"result", getResult(), {rows(getQuery()), getValueWidth() * getHeads()}}});
}
LogicalResult AttentionGradOp::verify() {
  if (bool(getSinks()) != bool(getSinksGradient()))
    return emitOpError() << "'sinks' and 'sinks_gradient' go together";
  SmallVector<int64_t, 3> result{rows(getQuery()), getValueWidth() * getHeads()};
  SmallVector<Derived> derived{{"output", getOutput(), result},
                               {"gradient", getGradient(), result},
                               {"query_gradient", getQueryGradient(), like(getQuery())},
                               {"key_gradient", getKeyGradient(), like(getKey())},
                               {"value_gradient", getValueGradient(), like(getValue())}};
  if (getSinks())
    derived.push_back({"sinks_gradient", getSinksGradient(), like(getSinks())});
  return verifyAttention(*this, derived);
}

/// An op over rows that routing may have sent.
template <typename Op>
static LogicalResult verifySentRows(Op op) {
  if (bool(op.getSizes()) != op.getExpectedRows().has_value())
    return op.emitOpError() << "'sizes' and 'expected_rows' go together";
  return requireNotNegative(op, "expected_rows", op.getExpectedRows().value_or(0));
}

/// The shape of the bias of `columns` numbers.
template <typename Op>
static SmallVector<int64_t, 3> biasShape(Op op, int64_t columns) {
  if (op.getSizes())
    return {count(op.getSizes()), columns};
  return {columns};
}
LogicalResult AddBiasOp::verify() {
  if (failed(verifySentRows(*this)))
    return failure();
  return requireShapes(*this, {{"bias", getBias(), biasShape(*this, columns(getInput()))},
                               {"result", getResult(), like(getInput())}});
}
LogicalResult BiasGradOp::verify() {
  if (failed(verifySentRows(*this)))
    return failure();
  return requireProduct(*this, biasShape(*this, columns(getGradient())));
}

/// activation and its gradient; everything has the gate's shape.
template <typename Op>
static LogicalResult verifyActivation(Op op, ArrayRef<Derived> likeGate) {
  if (failed(verifySentRows(op)) || failed(requirePositive(op, "limit", op.getLimit())))
    return failure();
  if (op.getUp() && failed(requireShapes(op, {{"up", op.getUp(), like(op.getGate())}})))
    return failure();
  return requireShapes(op, likeGate);
}
LogicalResult ActivationOp::verify() {
  return verifyActivation(*this, {{"result", getResult(), like(getGate())}});
}
LogicalResult ActivationGradOp::verify() {
  if (bool(getUp()) != bool(getUpGradient()))
    return emitOpError() << "'up' and 'up_gradient' go together";
  SmallVector<Derived> likeGate{{"gradient", getGradient(), like(getGate())},
                                {"gate_gradient", getGateGradient(), like(getGate())}};
  if (getUp())
    likeGate.push_back({"up_gradient", getUpGradient(), like(getGate())});
  return verifyActivation(*this, likeGate);
}

//===----------------------------------------------------------------------===//
// Embedding and objective
//===----------------------------------------------------------------------===//

LogicalResult EmbeddingOp::verify() {
  if (failed(requireShares(*this, "shards", getShards(), {Group::Tensor})))
    return failure();
  return requireShapes(*this, {{"result", getResult(), {count(getTokens()), columns(getTable())}}});
}
LogicalResult EmbeddingGradOp::verify() {
  if (failed(requireShares(*this, "shards", getShards(), {Group::Tensor})) ||
      failed(requireShapes(
          *this, {{"gradient", getGradient(), {count(getTokens()), columns(getGradient())}}})))
    return failure();
  // The vocabulary is known from the table only.
  int64_t vocabulary = getResult() ? rows(getResult()) : 0;
  if (getInto() && !getResult()) {
    ParameterOp into = requireParameter(*this, "into", getIntoAttr());
    if (!into)
      return failure();
    vocabulary = into.getTensorType().getDimSize(0);
  }
  return requireProduct(*this, {vocabulary, columns(getGradient())});
}

template <typename Op>
static LogicalResult verifyCrossEntropy(Op op, Derived scalar) {
  if (failed(requireShares(op, "shards", op.getShards(), {Group::Tensor})))
    return failure();
  int64_t tokens = rows(op.getLogits());
  return requireShapes(
      op, {{"targets", op.getTargets(), {tokens}}, {"lse", op.getLse(), {tokens}}, scalar});
}
LogicalResult CrossEntropyOp::verify() {
  return verifyCrossEntropy(*this, {"loss", getLoss(), {1}});
}
LogicalResult CrossEntropyGradOp::verify() {
  if (failed(verifyCrossEntropy(*this, {"gradient", getGradient(), {1}})))
    return failure();
  return requireShapes(*this, {{"result", getResult(), like(getLogits())}});
}

LogicalResult PositionsOp::verify() {
  if (failed(requireShares(*this, "shares", getShares(), {Group::Tensor, Group::Context})))
    return failure();
  return requireDivides(*this, "sequence", getSequence(), "entries", count(getResult()));
}
LogicalResult NextTargetsOp::verify() {
  return requireDivides(*this, "sequence", getSequence(), "entries", count(getTargets()));
}

LogicalResult ObjectiveOp::verify() { return requireShapes(*this, {{"value", getValue(), {1}}}); }

//===----------------------------------------------------------------------===//
// Mixture of experts
//===----------------------------------------------------------------------===//

/// `chosen` holds some of each token's experts.
template <typename Op>
static LogicalResult verifyChosen(Op op) {
  int64_t experts = columns(op.getScores()), choices = columns(op.getChosen());
  if (choices > experts)
    return op.emitOpError() << "chooses " << choices << " of " << experts << " experts";
  return requireShapes(op, {{"chosen", op.getChosen(), {rows(op.getScores()), choices}}});
}
static LogicalResult verifyGroups(TopKOp op) {
  int64_t experts = columns(op.getScores()), groups = op.getGroups(), top = op.getTopGroups();
  if (failed(requireDivides(op, "groups", groups, "experts", experts)))
    return failure();
  if (top < 1 || top > groups)
    return op.emitOpError() << "'top_groups' is " << top << "; it must be from 1 to " << groups;
  int64_t size = experts / groups, candidates = op.getGroupCandidates();
  if (candidates < 1 || candidates > size)
    return op.emitOpError() << "'group_candidates' is " << candidates << "; it must be from 1 to "
                            << size;
  if (top * size < columns(op.getChosen()))
    return op.emitOpError() << "chooses " << columns(op.getChosen()) << " of the " << top * size
                            << " experts in 'top_groups'";
  return success();
}
LogicalResult TopKOp::verify() {
  if (failed(verifyChosen(*this)) || failed(verifyGroups(*this)))
    return failure();
  if (getBias() && failed(requireShapes(*this, {{"bias", getBias(), {columns(getScores())}}})))
    return failure();
  return requireShapes(*this, {{"weights", getWeights(), like(getChosen())}});
}
LogicalResult TopKGradOp::verify() {
  if (failed(verifyChosen(*this)))
    return failure();
  return requireShapes(*this, {{"gradient", getGradient(), like(getChosen())},
                               {"result", getResult(), like(getScores())}});
}

template <typename Op>
static LogicalResult verifyZLoss(Op op, Derived scalar) {
  return requireShapes(op, {{"lse", op.getLse(), {rows(op.getLogits())}}, scalar});
}
LogicalResult ZLossOp::verify() { return verifyZLoss(*this, {"loss", getLoss(), {1}}); }
LogicalResult ZLossGradOp::verify() {
  if (failed(verifyZLoss(*this, {"gradient", getGradient(), {1}})))
    return failure();
  return requireShapes(*this, {{"result", getResult(), like(getLogits())}});
}

/// The parameter counts loads where another's gradient is.
static LogicalResult requireUpdatedByLoad(Operation *op, FlatSymbolRefAttr name) {
  ParameterOp parameter = requireParameter(op, "parameter", name);
  if (!parameter)
    return failure();
  if (parameter.isUpdatedByLoad() && parameter.getTensorType().getRank() == 1)
    return success();
  return (op->emitOpError() << "'parameter' names " << name
                            << ", which is no vector that is updated by load")
             .attachNote(parameter.getLoc())
         << "parameter is here";
}
LogicalResult CountLoadOp::verify() { return requireUpdatedByLoad(*this, getParameterAttr()); }
LogicalResult BalanceBiasOp::verify() { return requireUpdatedByLoad(*this, getParameterAttr()); }

LogicalResult GroupTokensOp::verify() {
  return requireShapes(*this, {{"position", getPosition(), {count(getChosen())}}});
}

/// Tokens on one side, the rows of their slots on the other.
static LogicalResult verifySlots(Operation *op, Value tokens, Value position, StringRef field,
                                 Value slots) {
  if (failed(requireDivides(op, "tokens", rows(tokens), "entries of 'position'", count(position))))
    return failure();
  return requireShapes(op, {{field, slots, {count(position), columns(tokens)}}});
}
LogicalResult GatherRowsOp::verify() {
  int64_t tokens = rows(getInput());
  if (getWeights() &&
      failed(requireShapes(*this,
                           {{"weights", getWeights(), {tokens, count(getPosition()) / tokens}}})))
    return failure();
  return verifySlots(*this, getInput(), getPosition(), "result", getResult());
}
LogicalResult ScatterRowsOp::verify() {
  return verifySlots(*this, getResult(), getPosition(), "rows", getRows());
}

/// combine and its gradient; `mixed` is the weighted sum, or its gradient.
template <typename Op>
static LogicalResult verifyCombine(Op op, StringRef field, Value mixed) {
  int64_t tokens = rows(op.getWeights()), slots = count(op.getWeights()), width = columns(mixed);
  return requireShapes(op, {{field, mixed, {tokens, width}},
                            {"position", op.getPosition(), {slots}},
                            {"rows", op.getRows(), {slots, width}}});
}
LogicalResult CombineOp::verify() { return verifyCombine(*this, "result", getResult()); }
LogicalResult CombineGradOp::verify() {
  if (failed(verifyCombine(*this, "gradient", getGradient())))
    return failure();
  return requireShapes(*this, {{"rows_gradient", getRowsGradient(), like(getRows())},
                               {"weights_gradient", getWeightsGradient(), like(getWeights())}});
}

template <typename Op>
static LogicalResult verifyBalanceLoss(Op op, ArrayRef<Derived> derived) {
  if (failed(requireShares(op, "shares", op.getShares(), {Group::Tensor, Group::Context})))
    return failure();
  if (failed(verifyChosen(op)) ||
      failed(requireDivides(op, "sequence", op.getSequence(), "rows", rows(op.getScores()))))
    return failure();
  return requireShapes(op, derived);
}
LogicalResult BalanceLossOp::verify() {
  return verifyBalanceLoss(*this, {{"loss", getLoss(), {1}}});
}
LogicalResult BalanceLossGradOp::verify() {
  return verifyBalanceLoss(
      *this, {{"gradient", getGradient(), {1}}, {"result", getResult(), like(getScores())}});
}
