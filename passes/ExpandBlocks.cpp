//===- ExpandBlocks.cpp - from the plan to one program per stage ----------===//

#include "passes/Passes.h"
#include "passes/PlannerBridge.h"
#include "passes/Transforms.h"

namespace mlir::sigma {
#define GEN_PASS_DEF_EXPANDBLOCKS
#include "passes/Passes.h.inc"
} // namespace mlir::sigma

using namespace mlir;
using namespace mlir::sigma;
using rank::BlockBuilder;

FloatType mlir::sigma::elementType(Precision precision, MLIRContext *context) {
  switch (precision) {
  case Precision::F32:
    return FloatType::getF32(context);
  case Precision::BF16:
  case Precision::FP8: // what it costs is that of bf16 values; only its products are faster
    return FloatType::getBF16(context);
  case Precision::F64:
    return FloatType::getF64(context);
  }
  llvm_unreachable("unknown precision");
}

static rank::ContextKind contextKind(const planner::Sharding &sharding) {
  return sharding.contextKind == planner::ContextKind::Ring ? rank::ContextKind::Ring
                                                            : rank::ContextKind::AllToAll;
}

rank::ModelShape mlir::sigma::modelShape(JobOp job, ModelOp model, FloatType elementType,
                                         const planner::Sharding &sharding) {
  return {elementType,
          sharding.microBatch,
          job.getTrainedSequence(),
          model.getEmbedding().getWidth(),
          model.getEmbedding().getVocabulary(),
          job.getBatch(),
          model.getNormEpsilon(),
          model.getInitStd(),
          sharding.tp,
          sharding.cp,
          sharding.etp,
          contextKind(sharding)};
}

namespace {
/// One chunk of a stage.
struct Chunk {
  int64_t index, first, end; // layers
  bool isFirst, isLast;      // of the model
};
} // namespace

/// Arguments of a chunk's forward: token ids or the previous chunk's activation, and target ids
/// where the loss is.
static rank::FuncOp createForward(rank::ProgramOp program, const rank::ModelShape &shape,
                                  const Chunk &chunk) {
  OpBuilder builder = OpBuilder::atBlockEnd(&program.getBody().front());
  Type ids = RankedTensorType::get({shape.tokens()}, builder.getI32Type());
  Type activation = RankedTensorType::get({shape.streamTokens(), shape.width}, shape.elementType);
  SmallVector<Type> inputs{chunk.isFirst ? ids : activation}, results;
  if (chunk.isLast)
    inputs.push_back(ids);
  else
    results.push_back(activation);
  return builder.create<rank::FuncOp>(program.getLoc(),
                                      rank::functionName(rank::kForward, chunk.index),
                                      builder.getFunctionType(inputs, results));
}

static void expandChunk(rank::ProgramOp program, const Chunk &chunk, ModelOp model,
                        const rank::ModelShape &shape) {
  rank::FuncOp forward = createForward(program, shape, chunk);
  BlockBuilder builder(program, forward, shape);
  (chunk.isFirst ? builder.tokens : builder.stream) = forward.getArgument(0);
  if (chunk.isLast)
    builder.targets = forward.getArgument(1);

  if (chunk.isFirst)
    model.getEmbedding().expand(builder);
  for (int64_t layer = chunk.first; layer < chunk.end; ++layer) {
    builder.enterLayer(layer);
    Layer ops = model.getLayer(layer);
    ops.attention.expand(builder);
    ops.feedForward.expand(builder);
  }
  if (chunk.isLast)
    model.getHead().expand(builder);
  builder.builder().create<rank::ReturnOp>(
      program.getLoc(), builder.stream ? ValueRange(builder.stream) : ValueRange(), ValueRange());
}

static rank::ProgramOp createProgram(OpBuilder &builder, StageOp stage, StringRef launch) {
  return builder.create<rank::ProgramOp>(
      stage.getLoc(), ("stage" + Twine(stage.getIndex())).str(), stage.getIndex(), launch,
      stage.getFirstLayers(), stage.getEndLayers(),
      llvm::to_vector(stage.getRemat().getAsValueRange<StringAttr>()));
}

static rank::LaunchOp createLaunch(OpBuilder &builder, PlanOp plan, JobOp job,
                                   const rank::ModelShape &shape) {
  AdamWOp adamw = job.getOptimizer();
  OverlapAttr overlap = job.getOverlapAttr();
  return builder.create<rank::LaunchOp>(
      plan.getLoc(), (job.getSymName() + "_launch").str(), plan.getTp(), plan.getCp(),
      shape.contextKind, plan.getPp(), plan.getVpp(), rank::ScheduleKind(plan.getSchedule()),
      plan.getDp(), plan.getZero(), plan.getPlacement() == Placement::StagesInside, plan.getEtp(),
      plan.getEp(), plan.getExpertZero(), job.getBatch(), plan.getMicroBatch(), shape.sequence,
      shape.vocabulary, shape.elementType, adamw.getLearningRate(), adamw.getWarmup(),
      adamw.getBeta1(), adamw.getBeta2(), adamw.getEpsilon(), adamw.getWeightDecay(),
      adamw.getClip(), plan.getPredictedP50Ns(), job.getExpertCapacityPpmAttr(),
      overlap && overlap.getGradientPpm() > 0, overlap && overlap.getParameterPpm() > 0,
      overlap && overlap.getTensorPpm() > 0, overlap && overlap.getExchangePpm() > 0);
}

namespace {
struct ExpandBlocks : mlir::sigma::impl::ExpandBlocksBase<ExpandBlocks> {
  using ExpandBlocksBase::ExpandBlocksBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto plans = llvm::to_vector(module.getOps<PlanOp>());
    if (plans.size() != 1) {
      module.emitError() << "the module has " << plans.size()
                         << " plans; sigma-expand-blocks takes exactly one";
      return signalPassFailure();
    }
    PlanOp plan = plans.front();
    JobOp job = plan.lookupJob();
    ModelOp model = job.lookupModel();
    FailureOr<FloatType> type = chooseElementType(job);
    if (failed(type))
      return signalPassFailure();
    rank::ModelShape shape = modelShape(job, model, *type, planFromOp(plan).layout.sharding());

    OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
    rank::LaunchOp launch = createLaunch(builder, plan, job, shape);
    SmallVector<StageOp, 4> stages = plan.getStages();
    SmallVector<rank::ProgramOp> programs;
    for (StageOp stage : stages)
      programs.push_back(createProgram(builder, stage, launch.getSymName()));
    const SmallVector<std::pair<int64_t, int64_t>> order = plan.getChunkOrder();
    for (std::pair<int64_t, int64_t> place : order) {
      auto [stage, index] = place;
      StageOp::Chunk layers = stages[stage].getChunks()[index];
      expandChunk(programs[stage],
                  {index, layers.first, layers.end, place == order.front(), place == order.back()},
                  model, shape);
    }
    if (order.front().first != order.back().first) // dualpipev has both ends on one stage
      markAtEnds(programs[order.front().first], programs[order.back().first]);
    eraseSpecification(module);
  }

  /// Names are those of logical tensors: what two stages have under one name is the same.
  static void markAtEnds(rank::ProgramOp first, rank::ProgramOp last) {
    for (auto parameter : first.getBody().getOps<rank::ParameterOp>())
      if (auto other = last.lookupSymbol<rank::ParameterOp>(parameter.getSymName())) {
        parameter.setAtEnds(true);
        other.setAtEnds(true);
      }
  }

  FailureOr<FloatType> chooseElementType(JobOp job) {
    std::optional<Precision> chosen =
        precision.empty() ? job.getPrecision() : symbolizePrecision(precision);
    if (chosen == Precision::FP8)
      return job.emitError("precision fp8 can be planned, but not run; use f32, f64 or bf16");
    if (chosen)
      return elementType(*chosen, &getContext());
    return job.emitError() << "precision '" << precision << "' is unknown; use f32, f64 or bf16";
  }

  /// The specification has been lowered; what is left of it would be a second truth.
  static void eraseSpecification(ModuleOp module) {
    for (Operation &op : llvm::make_early_inc_range(*module.getBody()))
      if (isa<PlanOp, JobOp, ModelOp, ClusterOp>(op))
        op.erase();
  }
};
} // namespace
