//===- Counts.cpp - how many parameters a model has -----------------------===//

#include "dialects/Sigma/Counts.h"
#include "dialects/Rank/BlockBuilder.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace mlir::sigma;

namespace {
/// A program that blocks are expanded into to see their parameters. How many tokens there are makes
/// no difference.
class Probe {
public:
  explicit Probe(ModelOp model) : model(model), module(ModuleOp::create(model.getLoc())) {
    model.getContext()->getOrLoadDialect<rank::RankDialect>();
    OpBuilder builder = OpBuilder::atBlockEnd(module->getBody());
    program =
        builder.create<rank::ProgramOp>(model.getLoc(), "probe", 0, "probe", ArrayRef<int64_t>{0},
                                        ArrayRef<int64_t>{0}, ArrayRef<StringRef>());
    builder.setInsertionPointToEnd(&program.getBody().front());
    Type ids = RankedTensorType::get({1}, builder.getI32Type());
    Type stream = RankedTensorType::get({1, shape().width}, builder.getF32Type());
    forward = builder.create<rank::FuncOp>(model.getLoc(), rank::kForward,
                                           builder.getFunctionType({ids, stream}, {}));
  }

  rank::BlockBuilder enter() {
    rank::BlockBuilder builder(program, forward, shape());
    builder.tokens = builder.targets = forward.getArgument(0);
    builder.stream = forward.getArgument(1);
    return builder;
  }

  auto parameters() { return program.getBody().getOps<rank::ParameterOp>(); }

private:
  rank::ModelShape shape() {
    EmbeddingOp embedding = model.getEmbedding();
    return {Float32Type::get(model.getContext()),
            /*microBatch=*/1,
            /*sequence=*/1,
            embedding.getWidth(),
            embedding.getVocabulary(),
            /*globalBatch=*/1,
            model.getNormEpsilon(),
            model.getInitStd()};
  }

  ModelOp model;
  OwningOpRef<ModuleOp> module;
  rank::ProgramOp program;
  rank::FuncOp forward;
};
} // namespace

static ParameterCount &operator+=(ParameterCount &sum, ParameterCount count) {
  sum.total += count.total;
  sum.active += count.active;
  return sum;
}

static ParameterCount times(ParameterCount count, int64_t factor) {
  return {count.total * factor, count.active * factor};
}

/// An expert parameter holds as much of each expert, of which a token sees `topK`.
static ParameterCount countOf(rank::ParameterOp parameter, int64_t topK) {
  int64_t elements = parameter.getTensorType().getNumElements();
  if (!parameter.getExpert())
    return {elements, elements};
  return {elements, elements / parameter.getTensorType().getDimSize(0) * topK};
}

static ParameterCount countLayer(ModelOp model, Layer layer) {
  Probe probe(model);
  rank::BlockBuilder builder = probe.enter();
  layer.attention.expand(builder);
  layer.feedForward.expand(builder);
  MoeOp moe = layer.getMoe();
  ParameterCount sum;
  for (rank::ParameterOp parameter : probe.parameters())
    sum += countOf(parameter, moe ? moe.getTopK() : 0);
  return sum;
}

ModelCounts sigma::countParameters(ModelOp model) {
  ParameterCount embedding, projection, rest;
  Probe probe(model);
  rank::BlockBuilder builder = probe.enter();
  model.getEmbedding().expand(builder);
  model.getHead().expand(builder);
  for (rank::ParameterOp parameter : probe.parameters()) {
    StringRef name = parameter.getSymName();
    if (name.starts_with("mtp."))
      continue;
    ParameterCount &part = name.starts_with("embedding.")    ? embedding
                           : name.starts_with("head.output") ? projection
                                                             : rest;
    part += countOf(parameter, 0);
  }
  for (RepeatOp repeat : model.getBody()->getOps<RepeatOp>())
    for (Layer layer : repeat.getLayers())
      rest += times(countLayer(model, layer), repeat.getCount());
  ModelCounts counts;
  counts.withoutEmbeddingAndHead = rest;
  counts.withoutEmbedding = rest;
  counts.withoutEmbedding += projection;
  counts.all = counts.withoutEmbedding;
  counts.all += embedding;
  return counts;
}
