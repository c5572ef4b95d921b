//===- CostTables.cpp - the planner's tables, asked of the ops ------------===//

#include "passes/CostTables.h"
#include "passes/Transforms.h"

using namespace mlir;
using namespace mlir::sigma;
using namespace mlir::rank;

CostTables::CostTables(JobOp job, ModelOp model, ArrayRef<mlir::sigma::Layer> kinds)
    : job(job), model(model), kinds(kinds) {}

static planner::OpClass plannerClass(OpClass opClass) {
  switch (opClass) {
  case OpClass::Matmul:
    return planner::OpClass::Matmul;
  case OpClass::GroupedMatmul:
    return planner::OpClass::GroupedMatmul;
  case OpClass::Attention:
    return planner::OpClass::Attention;
  case OpClass::Memory:
    return planner::OpClass::Memory;
  }
  llvm_unreachable("unknown op class");
}

static planner::WorkCost workOf(FuncOp func) {
  planner::WorkCost work;
  for (Operation &op : func.getBody().front()) {
    auto cost = dyn_cast<CostOpInterface>(op);
    if (!cost)
      continue;
    work.ops.push_back({plannerClass(cost.getOpClass()), cost.getFlops(), cost.getBytes()});
    if (int64_t bytes = cost.getExchangedBytes())
      work.exchanges.push_back({bytes, int64_t(work.ops.size())});
  }
  return work;
}

/// Which ops of `after` have no equal left in `before`, looked for from the end.
static SmallVector<bool> newOps(SmallVector<planner::OpCost> before,
                                ArrayRef<planner::OpCost> after) {
  SmallVector<bool> isNew(after.size());
  for (size_t i = after.size(); i-- > 0;) {
    auto same = llvm::find_if(before, [&](const planner::OpCost &op) {
      return op.opClass == after[i].opClass && op.flops == after[i].flops &&
             op.bytes == after[i].bytes;
    });
    isNew[i] = same == before.end();
    if (!isNew[i])
      before.erase(same);
  }
  return isNew;
}

/// What `after` has beyond `before`: both come from the same function, and rematerialization only
/// adds ops, each before those that need it.
static planner::WorkCost addedWork(const planner::WorkCost &before,
                                   const planner::WorkCost &after) {
  SmallVector<bool> isNew =
      newOps(SmallVector<planner::OpCost>(before.ops.begin(), before.ops.end()), after.ops);
  const size_t numExchanges = after.exchanges.size() - before.exchanges.size();
  planner::WorkCost added;
  for (size_t i = 0; i <= after.ops.size(); ++i) {
    while (added.exchanges.size() < numExchanges &&
           after.exchanges[added.exchanges.size()].position <= int64_t(i))
      added.exchanges.push_back(
          {after.exchanges[added.exchanges.size()].bytes, int64_t(added.ops.size())});
    if (i < after.ops.size() && isNew[i])
      added.ops.push_back(after.ops[i]);
  }
  return added;
}

namespace {
/// A program that holds one layer (or the embedding, or the head) by itself.
class Probe {
public:
  Probe(JobOp job, const ModelShape &shape, int64_t ep, ArrayRef<Operation *> blocks)
      : shape(shape) {
    bool isFirst = isa<mlir::sigma::EmbeddingOp>(blocks.front()),
         isLast = isa<HeadOp>(blocks.back());
    module = ModuleOp::create(job.getLoc());
    OpBuilder builder = OpBuilder::atBlockEnd(module->getBody());
    double zero = 0.0;
    builder.create<LaunchOp>(job.getLoc(), "probe", /*pp=*/1, /*dp=*/ep, ep, ep * shape.microBatch,
                             shape.microBatch, shape.sequence, shape.vocabulary, shape.elementType,
                             zero, 0, zero, zero, zero, zero, zero, 0,
                             job.getExpertCapacityPpmAttr());
    SmallVector<StringRef> remat(isFirst || isLast ? 0 : 1, "full");
    program = builder.create<ProgramOp>(job.getLoc(), "probe", 0, "probe", 0, remat.size(), remat);
    createForward(blocks, isFirst, isLast);
  }

  ProgramOp operator*() { return program; }

private:
  void createForward(ArrayRef<Operation *> blocks, bool isFirst, bool isLast) {
    OpBuilder builder = OpBuilder::atBlockEnd(&program.getBody().front());
    Type ids = RankedTensorType::get({shape.tokens()}, builder.getI32Type());
    Type activation = RankedTensorType::get({shape.tokens(), shape.width}, shape.elementType);
    SmallVector<Type> inputs{isFirst ? ids : activation}, results;
    if (isLast)
      inputs.push_back(ids);
    else
      results.push_back(activation);
    auto func = builder.create<FuncOp>(program.getLoc(), kForward,
                                       builder.getFunctionType(inputs, results));
    BlockBuilder blockBuilder(program, func, shape);
    (isFirst ? blockBuilder.tokens : blockBuilder.stream) = func.getArgument(0);
    if (isLast)
      blockBuilder.targets = func.getArgument(1);
    if (!isFirst && !isLast)
      blockBuilder.enterLayer(0);
    for (Operation *block : blocks)
      cast<BlockOpInterface>(block).expand(blockBuilder);
    blockBuilder.builder().create<ReturnOp>(
        program.getLoc(), blockBuilder.stream ? ValueRange(blockBuilder.stream) : ValueRange(),
        ValueRange());
  }

  ModelShape shape;
  OwningOpRef<ModuleOp> module;
  ProgramOp program;
};
} // namespace

/// Bytes that stay from forward to backward: what forward saves and the activation it was given.
static int64_t keptBytes(ProgramOp program) {
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

static void planFunctions(ProgramOp program) {
  planFunctionMemory(program.getForward());
  planFunctionMemory(program.getBackward());
}

planner::LayerCost CostTables::measure(ArrayRef<Operation *> blocks, int64_t microBatch,
                                       int64_t ep) {
  ModelShape shape =
      modelShape(job, model, elementType(job.getPrecision(), job.getContext()), microBatch);
  Probe probe(job, shape, ep, blocks);
  ProgramOp program = *probe;
  // The planner asks only for degrees that divide the experts, so none of these can fail.
  if (failed(shardExperts(program)) || failed(differentiate(program)))
    llvm::report_fatal_error("a block that the verifier accepted cannot be expanded");

  planner::LayerCost cost;
  for (auto parameter : program.getBody().getOps<ParameterOp>())
    (parameter.getExpert() ? cost.expertParameters : cost.denseParameters) +=
        parameter.getTensorType().getNumElements();
  planFunctions(program);
  cost.forward = workOf(program.getForward());
  cost.backward = workOf(program.getBackward());
  cost.savedBytes = keptBytes(program);
  cost.transientBytes = transientBytes(program);

  if (failed(rematerialize(program)))
    llvm::report_fatal_error("a block that the verifier accepted cannot be rematerialized");
  planFunctions(program);
  cost.recompute = addedWork(cost.backward, workOf(program.getBackward()));
  cost.rematSavedBytes = keptBytes(program);
  cost.rematTransientBytes = transientBytes(program);
  return cost;
}

planner::LayerCost CostTables::embedding(int64_t microBatch, int64_t ep) {
  return measure({model.getEmbedding()}, microBatch, ep);
}

planner::LayerCost CostTables::layer(int kind, int64_t microBatch, int64_t ep) {
  return measure({kinds[kind].attention, kinds[kind].feedForward}, microBatch, ep);
}

planner::LayerCost CostTables::head(int64_t microBatch, int64_t ep) {
  return measure({model.getHead()}, microBatch, ep);
}

int64_t CostTables::boundaryBytes(int64_t microBatch) {
  ModelShape shape =
      modelShape(job, model, elementType(job.getPrecision(), job.getContext()), microBatch);
  return alignOffset(shape.tokens() * shape.width * shape.elementType.getWidth() / 8);
}

int64_t CostTables::batchBytes(int64_t microBatch) {
  return 2 * alignOffset(microBatch * job.getTrainedSequence() * int64_t(sizeof(int32_t)));
}

int64_t CostTables::workspaceBytes(int64_t, int64_t) { return kReduceChunkBytes; }
