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
  prefix = ("layers." + Twine(index)).str();
}

void BlockBuilder::enterBlock(StringRef name, Location blockLoc) {
  loc = blockLoc;
  if (!layer || name == "head") {
    layer.reset();
    prefix = name.str();
    return;
  }
  prefix = ("layers." + Twine(*layer) + "." + name).str();
}

RankedTensorType BlockBuilder::floats(ArrayRef<int64_t> shape) const {
  return RankedTensorType::get(shape, modelShape.elementType);
}

RankedTensorType BlockBuilder::indices(ArrayRef<int64_t> shape) const {
  return RankedTensorType::get(shape, IntegerType::get(modelShape.elementType.getContext(), 32));
}

Value BlockBuilder::parameter(StringRef name, RankedTensorType type, Init init, double scale,
                              bool decay, bool expert) {
  std::string fullName = prefix + "." + name.str();
  parameterBuilder.create<ParameterOp>(loc, fullName, type, init, scale, decay, expert,
                                       IntegerAttr(), IntegerAttr(), IntegerAttr(), IntegerAttr());
  return create<WeightOp>(type, FlatSymbolRefAttr::get(opBuilder.getContext(), fullName));
}

Value BlockBuilder::matrix(StringRef name, int64_t rows, int64_t columns) {
  return parameter(name, floats({rows, columns}), Init::Normal, modelShape.initStd, /*decay=*/true,
                   /*expert=*/false);
}

Value BlockBuilder::expertMatrices(StringRef name, int64_t experts, int64_t rows, int64_t columns) {
  return parameter(name, floats({experts, rows, columns}), Init::Normal, modelShape.initStd,
                   /*decay=*/true,
                   /*expert=*/true);
}

Value BlockBuilder::normWeight(StringRef name, int64_t width) {
  return parameter(name, floats({width}), Init::Ones, 0.0, /*decay=*/false, /*expert=*/false);
}

Value BlockBuilder::matmul(Value lhs, Value rhs) {
  int64_t rows = cast<RankedTensorType>(lhs.getType()).getDimSize(0);
  int64_t columns = cast<RankedTensorType>(rhs.getType()).getDimSize(1);
  return create<MatmulOp>(floats({rows, columns}), lhs, rhs, false, false, FlatSymbolRefAttr())
      .getResult();
}

Value BlockBuilder::add(Value lhs, Value rhs) { return create<AddOp>(lhs, rhs); }

Value BlockBuilder::rmsNorm(Value input, StringRef weightName, int64_t groupWidth) {
  auto type = cast<RankedTensorType>(input.getType());
  Value weight = normWeight(weightName, groupWidth);
  return create<RmsNormOp>(type, floats({type.getNumElements() / groupWidth}), input, weight,
                           modelShape.normEpsilon)
      .getResult();
}

void BlockBuilder::objective(Value value, Term term, double scale) {
  create<ObjectiveOp>(value, term, scale);
}
