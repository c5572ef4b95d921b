//===- Probe.cpp - a piece of a model by itself, to be asked what it costs ===//

#include "passes/Probe.h"
#include "passes/Casts.h"
#include "passes/EagerExperts.h"
#include "passes/OpKinds.h"
#include "passes/Transforms.h"

using namespace mlir;
using namespace mlir::sigma;
using rank::BlockBuilder;

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

static rank::LaunchOp createLaunch(JobOp job, const planner::Sharding &sharding,
                                   const rank::ModelShape &shape, OpBuilder &builder) {
  OverlapAttr overlap = job.getOverlapAttr();
  double zero = 0.0;
  int64_t dp = sharding.etp * sharding.ep;
  return builder.create<rank::LaunchOp>(
      job.getLoc(), "probe", sharding.tp, sharding.cp, shape.contextKind, /*pp=*/1, /*vpp=*/1,
      rank::ScheduleKind::OneFOneB, dp, /*zero=*/0, /*stages_inside=*/false, sharding.etp,
      sharding.ep, /*expert_zero=*/0, dp * shape.microBatch, shape.microBatch, shape.sequence,
      shape.vocabulary, shape.elementType, zero, 0, zero, zero, zero, zero, zero, 0,
      job.getExpertCapacityPpmAttr(), /*overlaps_gradients=*/false,
      /*overlaps_parameters=*/false, overlap && overlap.getTensorPpm() > 0,
      overlap && overlap.getExchangePpm() > 0);
}

static void createForward(rank::ProgramOp program, const rank::ModelShape &shape,
                          ArrayRef<Operation *> blocks) {
  bool isFirst = isa<EmbeddingOp>(blocks.front()), isLast = isa<HeadOp>(blocks.back());
  OpBuilder builder = OpBuilder::atBlockEnd(&program.getBody().front());
  Type ids = RankedTensorType::get({shape.tokens()}, builder.getI32Type());
  Type stream = RankedTensorType::get({shape.streamTokens(), shape.width}, shape.elementType);
  SmallVector<Type> inputs{isFirst ? ids : stream}, results;
  if (isLast)
    inputs.push_back(ids);
  else
    results.push_back(stream);
  auto func = builder.create<rank::FuncOp>(program.getLoc(), rank::kForward,
                                           builder.getFunctionType(inputs, results));
  BlockBuilder blockBuilder(program, func, shape);
  (isFirst ? blockBuilder.tokens : blockBuilder.stream) = func.getArgument(0);
  if (isLast)
    blockBuilder.targets = func.getArgument(1);
  if (!isFirst && !isLast)
    blockBuilder.enterLayer(0);
  for (Operation *block : blocks)
    cast<BlockOpInterface>(block).expand(blockBuilder);
  blockBuilder.builder().create<rank::ReturnOp>(
      program.getLoc(), blockBuilder.stream ? ValueRange(blockBuilder.stream) : ValueRange(),
      ValueRange());
}

/// What the head has of the embedding is the other's, too.
static void markShared(rank::ProgramOp program) {
  for (auto parameter : program.getBody().getOps<rank::ParameterOp>())
    if (parameter.getSymName().starts_with("embedding."))
      parameter.setAtEnds(true);
}

Probe::Probe(JobOp job, ModelOp model, const planner::Sharding &sharding,
             ArrayRef<Operation *> blocks)
    : module(ModuleOp::create(job.getLoc())) {
  rank::ModelShape shape =
      modelShape(job, model, elementType(job.getPrecision(), job.getContext()), sharding);
  OpBuilder builder = OpBuilder::atBlockEnd(module->getBody());
  createLaunch(job, sharding, shape, builder);
  bool isLayer = !isa<EmbeddingOp, HeadOp>(blocks.front());
  SmallVector<StringRef> remat(isLayer ? 1 : 0, "none");
  program = builder.create<rank::ProgramOp>(job.getLoc(), "probe", 0, "probe", ArrayRef<int64_t>{0},
                                            ArrayRef<int64_t>{int64_t(remat.size())}, remat);
  createForward(program, shape, blocks);
  if (isa<HeadOp>(blocks.back()))
    markShared(program);
  // The planner asks only for degrees that divide what is split, so none of these can fail.
  if (failed(shardExperts(program)) || failed(differentiate(program)))
    llvm::report_fatal_error("a block that the verifier accepted cannot be expanded");
  if (job.getPrecision() == Precision::FP8)
    markCasts(program);
  if (job.getEagerExperts())
    runExpertsEagerly(program);
}

//===----------------------------------------------------------------------===//
// Work
//===----------------------------------------------------------------------===//

static planner::OpClass plannerClass(rank::OpClass opClass) {
  switch (opClass) {
  case rank::OpClass::Matmul:
    return planner::OpClass::Matmul;
  case rank::OpClass::GroupedMatmul:
    return planner::OpClass::GroupedMatmul;
  case rank::OpClass::Attention:
    return planner::OpClass::Attention;
  case rank::OpClass::Memory:
    return planner::OpClass::Memory;
  }
  llvm_unreachable("unknown op class");
}

static planner::Collective plannerCollective(rank::CollectiveKind kind) {
  switch (kind) {
  case rank::CollectiveKind::AllGather:
    return planner::Collective::AllGather;
  case rank::CollectiveKind::ReduceScatter:
    return planner::Collective::ReduceScatter;
  case rank::CollectiveKind::AllReduce:
    return planner::Collective::AllReduce;
  case rank::CollectiveKind::AllToAll:
    return planner::Collective::AllToAll;
  case rank::CollectiveKind::RingShift:
    return planner::Collective::RingShift;
  }
  llvm_unreachable("unknown collective");
}

static planner::Group plannerGroup(rank::Group group) {
  switch (group) {
  case rank::Group::Tensor:
    return planner::Group::Tensor;
  case rank::Group::Context:
    return planner::Group::Context;
  case rank::Group::ExpertTensor:
    return planner::Group::ExpertTensor;
  case rank::Group::Expert:
    return planner::Group::Expert;
  }
  llvm_unreachable("unknown group");
}

planner::WorkCost mlir::sigma::workOf(rank::FuncOp func,
                                      llvm::function_ref<bool(Operation *)> isPart) {
  planner::WorkCost work;
  for (Operation &op : func.getBody().front()) {
    auto cost = dyn_cast<rank::CostOpInterface>(op);
    if (!cost || !isPart(&op))
      continue;
    if (int64_t bytes = castBytes(&op))
      work.ops.push_back({planner::OpClass::Memory, 0, bytes});
    work.ops.push_back(
        {plannerClass(cost.getOpClass()), cost.getFlops(), stepBytes(cost), stepKernels(cost)});
    describeKind(&op, work.ops.back());
    for (const rank::CollectiveUse &use : cost.getCollectives())
      work.collectives.push_back({plannerCollective(use.kind), plannerGroup(use.group), use.bytes,
                                  int64_t(work.ops.size())});
  }
  return work;
}

planner::WorkCost mlir::sigma::workOf(rank::FuncOp func) {
  return workOf(func, [](Operation *) { return true; });
}

static int64_t groupSize(const planner::Sharding &sharding, planner::Group group) {
  switch (group) {
  case planner::Group::Tensor:
    return sharding.tp;
  case planner::Group::Context:
    return sharding.cp;
  case planner::Group::ExpertTensor:
    return sharding.etp;
  case planner::Group::Expert:
    return sharding.ep;
  }
  llvm_unreachable("unknown group");
}

void mlir::sigma::finish(planner::WorkCost &work, const planner::Sharding &sharding,
                         const planner::Routing &routing) {
  std::vector<planner::CollectiveCost> kept;
  for (planner::CollectiveCost collective : work.collectives) {
    int64_t size = groupSize(sharding, collective.group);
    if (size == 1)
      continue;
    if (collective.collective == planner::Collective::AllToAll)
      collective.bytes = collective.bytes / size * (size - 1);
    if (collective.group == planner::Group::Expert)
      collective.routing = routing;
    kept.push_back(collective);
  }
  work.collectives = std::move(kept);
}
