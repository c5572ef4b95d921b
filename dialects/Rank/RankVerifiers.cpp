//===- RankVerifiers.cpp - constraints of the rank ops --------------------===//

#include "dialects/Rank/RankOps.h"

using namespace mlir;
using namespace mlir::rank;

static LogicalResult requirePositive(Operation *op, StringRef field, int64_t value) {
  if (value > 0)
    return success();
  return op->emitOpError() << "'" << field << "' is " << value << "; it must be positive";
}

LogicalResult LaunchOp::verify() {
  std::pair<StringRef, int64_t> sizes[] = {
      {"pp", getPp()},       {"dp", getDp()}, {"ep", getEp()}, {"batch", getGlobalBatch()}, {"micro_batch", getMicroBatch()},
      {"sequence", getSequence()}, {"vocabulary", getVocabulary()}};
  for (auto [field, value] : sizes)
    if (failed(requirePositive(*this, field, value)))
      return failure();
  if (getDp() % getEp() != 0)
    return emitOpError() << "'ep' is " << getEp() << "; it must divide dp, " << getDp();
  if (getGlobalBatch() % (getDp() * getMicroBatch()) != 0)
    return emitOpError() << "'batch' is " << getGlobalBatch() << "; it must be a multiple of dp * micro_batch, " << getDp()
                         << " * " << getMicroBatch();
  if (!getElementType().isF32() && !getElementType().isF64() && !getElementType().isBF16())
    return emitOpError() << "'precision' is " << getElementType() << "; it must be f32, f64 or bf16";
  return success();
}

LogicalResult ProgramOp::verify() {
  LaunchOp launch = getLaunchOp();
  if (!launch)
    return emitOpError() << "'launch' names " << getLaunchAttr() << ", which is no rank.launch of this module";
  if (getStage() >= launch.getPp() || getStage() < 0)
    return (emitOpError() << "'stage' is " << getStage() << "; it must be from 0 to " << launch.getPp() - 1)
               .attachNote(launch.getLoc())
           << "the launch has " << launch.getPp() << " stages";
  int64_t layers = getEndLayer() - getFirstLayer();
  if (layers != int64_t(getRemat().size()))
    return emitOpError() << "'remat' has " << getRemat().size() << " entries; it must have one for each of the " << layers
                         << " layers";
  return success();
}

LogicalResult ParameterOp::verify() {
  auto type = dyn_cast<RankedTensorType>(getType());
  if (!type || !type.hasStaticShape() || type.getRank() < 1 || type.getRank() > 4 ||
      !isa<FloatType>(type.getElementType()))
    return emitOpError() << "has type " << getType() << "; it must be a static float tensor with 1 to 4 dimensions";
  if (getInitScale() < 0)
    return emitOpError() << "'init' scale is negative";
  return success();
}

LogicalResult WeightOp::verify() {
  auto program = (*this)->getParentOfType<ProgramOp>();
  auto parameter = program.lookupSymbol<ParameterOp>(getParameter());
  if (!parameter)
    return emitOpError() << "names " << getParameterAttr() << ", which is no rank.parameter of this program";
  if (parameter.getType() != getResult().getType())
    return (emitOpError() << "has type " << getResult().getType() << " but the parameter is " << parameter.getType())
               .attachNote(parameter.getLoc())
           << "parameter is here";
  return success();
}

LogicalResult ReturnOp::verify() {
  auto func = (*this)->getParentOfType<FuncOp>();
  if (TypeRange(getResults()) != TypeRange(func.getResultTypes()))
    return emitOpError() << "returns " << getResults().size() << " results that do not have the types of @"
                         << func.getName() << "'s " << func.getResultTypes().size() << " results";
  return success();
}

LogicalResult CallOp::verify() {
  auto program = (*this)->getParentOfType<ProgramOp>();
  auto callee = program.lookupSymbol<FuncOp>(getCallee());
  if (!callee)
    return emitOpError() << "names " << getCalleeAttr() << ", which is no rank.func of this program";
  auto isTensor = [](Type type) { return isa<RankedTensorType>(type); };
  SmallVector<Type> results(llvm::make_filter_range(getResultTypes(), isTensor));
  if (TypeRange(results) != TypeRange(callee.getResultTypes()))
    return emitOpError() << "has tensor results that differ from @" << callee.getName() << "'s";
  return success();
}

LogicalResult MatmulOp::verify() {
  auto lhs = getLhs().getType(), rhs = getRhs().getType();
  if (lhs.getRank() != 2 || rhs.getRank() != 2)
    return emitOpError() << "takes matrices, got " << lhs << " and " << rhs;
  int64_t inner = rhs.getDimSize(getTransposeRhs() ? 1 : 0);
  if (getInner() != inner)
    return emitOpError() << "inner dimensions differ: " << getInner() << " != " << inner;
  if (bool(getInto()) == bool(getResult()))
    return emitOpError() << "has either a result or 'into'";
  RankedTensorType product;
  if (getResult())
    product = cast<RankedTensorType>(getResult().getType());
  else if (auto into = (*this)->getParentOfType<ProgramOp>().lookupSymbol<ParameterOp>(*getInto()))
    product = into.getTensorType();
  else
    return emitOpError() << "'into' names " << getIntoAttr() << ", which is no rank.parameter of this program";
  if (product.getShape() != ArrayRef<int64_t>({getRows(), getColumns()}))
    return emitOpError() << "makes a " << getRows() << "x" << getColumns() << " matrix, got " << product;
  return success();
}

LogicalResult GroupedMatmulOp::verify() {
  auto weights = getWeights().getType(), rows = getRows().getType();
  if (weights.getRank() != 3 || rows.getRank() != 2)
    return emitOpError() << "takes rows and a stack of matrices, got " << rows << " and " << weights;
  int64_t groups = getSizes().getType().getNumElements();
  if (weights.getDimSize(0) != groups)
    return emitOpError() << "has " << weights.getDimSize(0) << " matrices for " << groups << " sizes";
  int64_t inner = weights.getDimSize(getTransposeWeights() ? 2 : 1);
  if (rows.getDimSize(1) != inner)
    return emitOpError() << "inner dimensions differ: " << rows.getDimSize(1) << " != " << inner;
  auto result = cast<RankedTensorType>(getResult().getType());
  int64_t columns = weights.getDimSize(getTransposeWeights() ? 1 : 2);
  if (result.getShape() != ArrayRef<int64_t>({rows.getDimSize(0), columns}))
    return emitOpError() << "makes " << rows.getDimSize(0) << "x" << columns << " rows, got " << result;
  return success();
}

LogicalResult RmsNormOp::verify() {
  auto input = getInput().getType();
  int64_t width = getWeight().getType().getNumElements();
  if (input.getShape().back() % width != 0)
    return emitOpError() << "weight's length " << width << " does not divide the row of " << input.getShape().back();
  int64_t groups = input.getNumElements() / width;
  if (getRstd().getType().getNumElements() != groups)
    return emitOpError() << "'rstd' has " << getRstd().getType().getNumElements() << " entries for " << groups
                         << " groups";
  return success();
}

LogicalResult AttentionOp::verify() {
  int64_t heads = getHeads(), kvHeads = getKvHeads(), sequence = getSequence();
  if (heads <= 0 || kvHeads <= 0 || heads % kvHeads != 0)
    return emitOpError() << "'kv_heads' is " << kvHeads << "; it must divide heads, " << heads;
  auto query = getQuery().getType();
  if (sequence <= 0 || query.getDimSize(0) % sequence != 0)
    return emitOpError() << "'sequence' is " << sequence << "; it must divide the rows, " << query.getDimSize(0);
  if (query.getDimSize(1) % heads != 0 ||
      getKey().getType().getDimSize(1) * heads != query.getDimSize(1) * kvHeads || getKey().getType() != getValue().getType())
    return emitOpError() << "query width " << query.getDimSize(1) << " and key width " << getKey().getType().getDimSize(1)
                         << " are not " << heads << " and " << kvHeads << " heads of one width";
  return success();
}

LogicalResult SiluMulOp::verify() {
  if (bool(getSizes()) != getExpectedRows().has_value())
    return emitOpError() << "'sizes' and 'expected_rows' go together";
  return success();
}

LogicalResult TopKOp::verify() {
  auto weights = cast<RankedTensorType>(getWeights().getType());
  auto scores = getScores().getType();
  if (weights.getRank() != 2 || weights.getDimSize(1) > scores.getDimSize(1))
    return emitOpError() << "chooses " << weights.getShape().back() << " of " << scores.getDimSize(1) << " experts";
  return success();
}
