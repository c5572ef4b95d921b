//===- BlockBuilder.cpp - writes the blocks of a model in primitive ops ---===//

#include "dialects/Rank/BlockBuilder.h"

using namespace mlir;
using namespace mlir::rank;

BlockBuilder::BlockBuilder(ProgramOp program, FuncOp forward, const ModelShape &shape)
    : program(program), modelShape(shape),
      opBuilder(OpBuilder::atBlockEnd(&forward.getBody().front())), parameterBuilder(forward),
      loc(forward.getLoc()) {}

void BlockBuilder::enterLayer(int64_t index) {
  layer = index;
  scope = ("layers." + Twine(index) + ".").str();
}

void BlockBuilder::enterScope(StringRef name) {
  layer.reset();
  scope = name.str();
}

void BlockBuilder::enterBlock(StringRef name, Location blockLoc) {
  loc = blockLoc;
  prefix = scope + name.str();
}

RankedTensorType BlockBuilder::floats(ArrayRef<int64_t> shape) const {
  return RankedTensorType::get(shape, modelShape.elementType);
}

RankedTensorType BlockBuilder::wideFloats(ArrayRef<int64_t> shape) const {
  return wideType(floats(shape));
}

RankedTensorType BlockBuilder::indices(ArrayRef<int64_t> shape) const {
  return RankedTensorType::get(shape, IntegerType::get(modelShape.elementType.getContext(), 32));
}

Value BlockBuilder::parameter(StringRef name, RankedTensorType type, const ParameterKind &kind) {
  std::string fullName = prefix + "." + name.str();
  parameterBuilder.create<ParameterOp>(
      loc, fullName, type, kind.init, kind.scale, kind.decay, kind.expert,
      kind.split ? opBuilder.getI64IntegerAttr(*kind.split) : IntegerAttr(),
      /*at_ends=*/false, FlatSymbolRefAttr(), IntegerAttr(), kind.update, kind.updateRate,
      IntegerAttr(), IntegerAttr(), IntegerAttr(), IntegerAttr(), IntegerAttr());
  return weight(fullName, type);
}

/// The dimension of a part; columns come after rows. A group of one rank has no parts.
std::optional<int64_t> BlockBuilder::split(Part part, int64_t rowDimension, int64_t ranks) const {
  if (part == Part::Whole || ranks == 1)
    return std::nullopt;
  return part == Part::Rows ? rowDimension : rowDimension + 1;
}

Value BlockBuilder::weight(StringRef fullName, RankedTensorType type) {
  return create<WeightOp>(type, FlatSymbolRefAttr::get(opBuilder.getContext(), fullName), Value());
}

Value BlockBuilder::embeddingTable(int64_t vocabulary, int64_t width) {
  constexpr StringLiteral kName = "embedding.table";
  if (program.lookupSymbol<ParameterOp>(kName))
    return weight(kName, floats({vocabulary, width}));
  std::string block = "embedding";
  std::swap(prefix, block);
  Value table = matrix("table", vocabulary, width, Part::Rows);
  std::swap(prefix, block);
  return table;
}

Value BlockBuilder::matrix(StringRef name, int64_t rows, int64_t columns, Part part) {
  ParameterKind kind{Init::Normal, modelShape.initStd, /*decay=*/true};
  kind.split = split(part, /*rowDimension=*/0, modelShape.tp);
  return parameter(name, floats({rows, columns}), kind);
}

Value BlockBuilder::expertMatrices(StringRef name, int64_t experts, int64_t rows, int64_t columns,
                                   Part part) {
  ParameterKind kind{Init::Normal, modelShape.initStd, /*decay=*/true, /*expert=*/true};
  kind.split = split(part, /*rowDimension=*/1, modelShape.etp);
  return parameter(name, floats({experts, rows, columns}), kind);
}

Value BlockBuilder::normWeight(StringRef name, int64_t width) {
  return parameter(name, floats({width}), {Init::Ones});
}

Value BlockBuilder::bias(StringRef name, int64_t width, Part part) {
  ParameterKind kind{Init::Zeros};
  if (part == Part::Columns)
    kind.split = split(part, /*rowDimension=*/-1, modelShape.tp);
  return parameter(name, floats({width}), kind);
}

Value BlockBuilder::expertBiases(StringRef name, int64_t experts, int64_t width) {
  return parameter(name, floats({experts, width}),
                   {Init::Zeros, /*scale=*/0, /*decay=*/false, /*expert=*/true});
}

Value BlockBuilder::loadBias(StringRef name, int64_t experts, double rate) {
  return parameter(
      name, wideFloats({experts}),
      {Init::Zeros, /*scale=*/0, /*decay=*/false, /*expert=*/false, Update::Load, rate});
}

static int64_t dimension(Value value, int64_t index) {
  return cast<RankedTensorType>(value.getType()).getDimSize(index);
}

Value BlockBuilder::matmul(Value lhs, Value rhs) {
  return create<MatmulOp>(floats({dimension(lhs, 0), dimension(rhs, 1)}), lhs, rhs, false, false,
                          FlatSymbolRefAttr())
      .getResult();
}

Value BlockBuilder::wideMatmul(Value lhs, Value rhs) {
  return create<MatmulOp>(wideFloats({dimension(lhs, 0), dimension(rhs, 1)}), lhs, rhs, false,
                          false, FlatSymbolRefAttr())
      .getResult();
}

Value BlockBuilder::matmulTransposed(Value lhs, Value rhs) {
  return create<MatmulOp>(floats({dimension(lhs, 0), dimension(rhs, 0)}), lhs, rhs, false,
                          /*transpose_rhs=*/true, FlatSymbolRefAttr())
      .getResult();
}

Value BlockBuilder::add(Value lhs, Value rhs) { return create<AddOp>(lhs, rhs); }

Value BlockBuilder::addBias(Value input, Value bias) {
  return create<AddBiasOp>(input.getType(), input, bias, Value(), IntegerAttr());
}

Value BlockBuilder::scale(Value input, double factor) { return create<ScaleOp>(input, factor); }

Value BlockBuilder::activation(Value gate, Activation kind, double limit, Value up, Value sizes,
                               IntegerAttr expectedRows) {
  return create<ActivationOp>(gate.getType(), gate, up, sizes,
                              ActivationAttr::get(opBuilder.getContext(), kind),
                              opBuilder.getF64FloatAttr(limit), expectedRows);
}

Value BlockBuilder::constant(ArrayRef<int64_t> shape, double value) {
  return create<ConstantOp>(floats(shape), value);
}

Value BlockBuilder::rmsNorm(Value input, Value weight) {
  auto type = cast<RankedTensorType>(input.getType());
  return create<RmsNormOp>(type, wideFloats({type.getNumElements() / dimension(weight, 0)}), input,
                           weight, modelShape.normEpsilon)
      .getResult();
}

Value BlockBuilder::gatherTokens(Value rows) {
  if (modelShape.tp == 1)
    return rows;
  return create<AllGatherOp>(floats({modelShape.tokens(), dimension(rows, 1)}), rows, Group::Tensor,
                             modelShape.microBatch);
}

Value BlockBuilder::scatterTokens(Value summand) {
  if (modelShape.tp == 1)
    return summand;
  return create<ReduceScatterOp>(floats({modelShape.streamTokens(), dimension(summand, 1)}),
                                 summand, Group::Tensor, modelShape.microBatch);
}

void BlockBuilder::objective(Value value, Term term, double scale) {
  create<ObjectiveOp>(value, term, scale);
}
