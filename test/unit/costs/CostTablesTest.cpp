//===- CostTablesTest.cpp - what layers cost at every sharding ------------===//

#include "dialects/Rank/RankDialect.h"
#include "dialects/Sigma/SigmaDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "passes/PlannerBridge.h"
#include <chrono>
#include <gtest/gtest.h>

using namespace mlir;
using namespace mlir::sigma;
namespace planner = ::sigma::planner;
using planner::Collective;
using planner::Group;
using planner::Sharding;

namespace {
/// The tables of the only job of a specification.
class Tables {
public:
  explicit Tables(const std::string &spec, bool isFile = false) {
    context.loadDialect<SigmaDialect, rank::RankDialect>();
    module = isFile ? parseSourceFile<ModuleOp>(spec, &context)
                    : parseSourceString<ModuleOp>(spec, &context);
    FailureOr<PlanningTask> created = createPlanningTask(*module->getOps<JobOp>().begin());
    task = std::move(*created);
  }

  CostTables &operator*() { return *task.costs; }
  CostTables *operator->() { return task.costs.get(); }
  const planner::Model &model() { return task.problem.model; }

private:
  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  PlanningTask task;
};
} // namespace

static std::string specOf(const std::string &layer, const std::string &model = "",
                          const std::string &head = "untied", const std::string &mtp = "") {
  return "sigma.model @m sequence 64 " + model + R"( {
    sigma.embedding vocabulary 64 width 48
    sigma.repeat 2 { )" +
         layer + " }\n" + mtp + " sigma.head " + head + R"(
  }
  sigma.cluster @c devices 64 {
    sigma.accelerator @a memory_bytes 1 memory_bandwidth_bytes_per_s 1 peak_bf16_flops_per_s 1
    sigma.tier @t devices 64 bandwidth_bytes_per_s 1 latency_ns 1
  }
  sigma.job @j model @m on @c batch 64 precision bf16 { sigma.adamw learning_rate 1.0e-3 }
)";
}

static const char kAttention[] =
    "sigma.attention heads 8 kv_heads 4 head_width 8 rope 1.0e+04 qk_norm bias [query, output]\n";
static const char kLatent[] = "sigma.latent_attention heads 8 q_rank 24 kv_rank 20 nope_width 8 "
                              "rope_width 4 value_width 6 rope 1.0e+04\n";
static const char kMlp[] = "sigma.mlp width 96 bias\n";
static const char kMoe[] =
    "sigma.moe experts 12 top_k 3 width 32 router sigmoid normalize selection_bias "
    "shared 2 shared_width 16 shared_gate balance_loss 1.0e-02 z_loss 1.0e-03\n";

static const char kClampedMoe[] = "sigma.moe experts 12 top_k 2 width 20 router softmax normalize "
                                  "bias activation clamped_swiglu limit 7.0\n";

/// The same job of another framework.
static std::string withRecipe(std::string spec, const std::string &recipe) {
  return spec.replace(spec.find("bf16 {"), 4, "bf16 " + recipe);
}

static std::string inFp8(std::string spec) {
  spec.replace(spec.find("precision bf16 {"), 14, "precision fp8");
  const std::string peak = "peak_bf16_flops_per_s 1";
  return spec.replace(spec.find(peak), peak.size(), peak + " peak_fp8_flops_per_s 2");
}

/// All legal shardings of the small models.
static std::vector<Sharding> shardings(const planner::Model &model) {
  std::vector<Sharding> all;
  auto divides = [](int64_t degree, int64_t divisor) { return divisor % degree == 0; };
  for (int64_t tp : {1, 2, 4})
    for (int64_t cp : {1, 2})
      for (auto kind : {planner::ContextKind::Ring, planner::ContextKind::AllToAll})
        for (int64_t etp : {1, 4})
          for (int64_t ep : {1, 2, 3, 12})
            for (int64_t microBatch : {1, 3}) {
              bool isDense = model.numExperts == 0;
              if (!divides(tp, model.tensorDivisor) || (cp > 1 && !model.allowsContext) ||
                  (isDense && (etp > 1 || ep > 1)) ||
                  (!isDense && !divides(etp, model.expertTensorDivisor)) ||
                  (kind == planner::ContextKind::AllToAll &&
                   (cp == 1 || !divides(tp * cp, model.headDivisor))))
                continue;
              all.push_back({microBatch, tp, cp, etp, ep, kind});
            }
  return all;
}

static void expectEqual(const planner::WorkCost &got, const planner::WorkCost &expected) {
  ASSERT_EQ(got.ops.size(), expected.ops.size());
  for (size_t i = 0; i < got.ops.size(); ++i) {
    EXPECT_EQ(got.ops[i].opClass, expected.ops[i].opClass) << i;
    EXPECT_EQ(got.ops[i].flops, expected.ops[i].flops) << i;
    EXPECT_EQ(got.ops[i].bytes, expected.ops[i].bytes) << i;
    EXPECT_EQ(got.ops[i].kernels, expected.ops[i].kernels) << i;
  }
  ASSERT_EQ(got.collectives.size(), expected.collectives.size());
  for (size_t i = 0; i < got.collectives.size(); ++i) {
    EXPECT_EQ(got.collectives[i].collective, expected.collectives[i].collective) << i;
    EXPECT_EQ(got.collectives[i].group, expected.collectives[i].group) << i;
    EXPECT_EQ(got.collectives[i].bytes, expected.collectives[i].bytes) << i;
    EXPECT_EQ(got.collectives[i].position, expected.collectives[i].position) << i;
  }
}

/// But for modes.
static void expectEqualWork(const planner::LayerCost &got, const planner::LayerCost &expected) {
  expectEqual(got.forward, expected.forward);
  expectEqual(got.backward, expected.backward);
  EXPECT_EQ(got.denseParameters, expected.denseParameters);
  EXPECT_EQ(got.expertParameters, expected.expertParameters);
}

static std::string spell(const Sharding &s) {
  return "micro-batch " + std::to_string(s.microBatch) + " tp " + std::to_string(s.tp) + " cp " +
         std::to_string(s.cp) + " etp " + std::to_string(s.etp) + " ep " + std::to_string(s.ep) +
         " " + (s.contextKind == planner::ContextKind::Ring ? "ring" : "all-to-all");
}

//===----------------------------------------------------------------------===//
// The fast tables
//===----------------------------------------------------------------------===//

TEST(CostTables, LayerWorkIsTheLayersWork) {
  const std::string specs[] = {
      specOf(kAttention + std::string(kMlp), "norm layer"),
      specOf(kAttention + std::string(kMoe)),
      specOf(kLatent + std::string(kMoe), "norm_placement sandwich"),
      specOf(kLatent + std::string(kMlp) + kAttention + kMoe, "norm_placement post"),
      specOf(kAttention + std::string("sigma.moe experts 12 top_k 2 width 20 router softmax "
                                      "weigh_input bias\n")),
      withRecipe(specOf(kAttention + std::string(kClampedMoe)), "eager_experts"),
      inFp8(specOf(kAttention + std::string(kMoe))),
      inFp8(specOf(kLatent + std::string(kMlp) + kAttention + kMoe, "norm_placement post")),
  };
  for (const std::string &spec : specs) {
    SCOPED_TRACE(spec);
    Tables tables(spec);
    std::vector<Sharding> all = shardings(tables.model());
    ASSERT_GT(all.size(), 10u);
    for (const Sharding &sharding : all)
      for (const planner::LayerGroup &group : tables.model().layers) {
        SCOPED_TRACE(spell(sharding));
        expectEqualWork(tables->layerWork(group.kind, sharding),
                        tables->layer(group.kind, sharding));
        if (HasFailure())
          return;
      }
  }
}

TEST(CostTables, HeadWorkIsTheHeadsWork) {
  const std::string dense = "sigma.mtp 1 { " + std::string(kAttention) + kMlp + " }\n",
                    experts = "sigma.mtp 1 { " + std::string(kAttention) + kMoe + " }\n";
  for (const std::string &mtp : {std::string(), dense, experts}) {
    SCOPED_TRACE(mtp);
    const std::string spec = specOf(kAttention + std::string(kMoe), "", "untied", mtp);
    for (const std::string &some : {spec, withRecipe(spec, "f32_logits")}) {
      Tables tables(some);
      for (const Sharding &sharding : {Sharding{1, 1, 1, 1, 1}, {2, 2, 1, 1, 4}, {1, 2, 1, 2, 2}})
        expectEqualWork(tables->headWork(sharding), tables->head(sharding));
    }
  }
}

TEST(CostTables, TheWholeSpaceOfALargeModelTakesHalfASecond) {
  Tables tables(SIGMA_EXAMPLES "/sigma-moe-200b.mlir", /*isFile=*/true);
  int64_t numShardings = 0;
  auto start = std::chrono::steady_clock::now();
  for (int64_t microBatch : {1, 2, 4, 8, 16})
    for (int64_t tp : {1, 2, 4, 8})
      for (int64_t cp : {1, 2, 4, 8})
        for (auto kind : {planner::ContextKind::Ring, planner::ContextKind::AllToAll})
          for (int64_t etp : {1, 2, 4, 8})
            for (int64_t ep : {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 96}) {
              if (kind == planner::ContextKind::AllToAll && (cp == 1 || 8 % (tp * cp) != 0))
                continue;
              tables->layerWork(0, {microBatch, tp, cp, etp, ep, kind});
              ++numShardings;
            }
  std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  RecordProperty("shardings", int(numShardings));
  RecordProperty("microseconds", int(elapsed.count() * 1e6));
  EXPECT_LT(elapsed.count(), 0.5) << numShardings << " shardings";
}

//===----------------------------------------------------------------------===//
// Closed forms
//===----------------------------------------------------------------------===//

static int64_t productFlops(const planner::WorkCost &work) {
  int64_t flops = 0;
  for (const planner::OpCost &op : work.ops)
    if (op.opClass != planner::OpClass::Memory)
      flops += op.flops;
  return flops;
}

static int64_t bytesOf(const planner::WorkCost &work, Collective collective, Group group) {
  int64_t bytes = 0;
  for (const planner::CollectiveCost &cost : work.collectives)
    if (cost.collective == collective && cost.group == group)
      bytes += cost.bytes;
  return bytes;
}

static int64_t numOf(const planner::WorkCost &work, Collective collective, Group group) {
  return llvm::count_if(work.collectives, [&](const planner::CollectiveCost &cost) {
    return cost.collective == collective && cost.group == group;
  });
}

/// What tp * cp ranks do together is what one does alone.
TEST(CostTables, RanksShareTheProducts) {
  Tables tables(specOf(kAttention + std::string(kMlp)));
  planner::LayerCost alone = tables->layer(0, {});
  for (const Sharding &sharding : shardings(tables.model())) {
    SCOPED_TRACE(spell(sharding));
    planner::LayerCost cost = tables->layer(0, sharding);
    int64_t ranks = sharding.tp * sharding.cp;
    EXPECT_EQ(productFlops(cost.forward) * ranks,
              productFlops(alone.forward) * sharding.microBatch);
    EXPECT_EQ(productFlops(cost.backward) * ranks,
              productFlops(alone.backward) * sharding.microBatch);
  }
}

/// However few rows an expert gets: backward reads its bf16 values, and reads and writes its f32
/// gradients.
TEST(CostTables, EveryMicroBatchAddsToAllGradients) {
  Tables tables(specOf(kAttention + std::string(kMoe)));
  auto groupedBytes = [&](int64_t microBatch) {
    int64_t bytes = 0;
    for (const planner::OpCost &op : tables->layer(0, {microBatch}).backward.ops)
      if (op.opClass == planner::OpClass::GroupedMatmul)
        bytes += op.bytes;
    return bytes;
  };
  EXPECT_EQ(2 * groupedBytes(1) - groupedBytes(2), (2 + 8) * tables->layer(0, {}).expertParameters);
}

/// Korthikanti et al. 2022, 4.2.2: two all-gathers and two reduce-scatters of s b h forward;
/// backward the same again, and two all-gathers of what forward did not keep.
TEST(CostTables, SequenceParallelismGathersAndScatters) {
  Tables tables(specOf(kAttention + std::string(kMlp)));
  const int64_t whole = 3 * 64 * 48 * 2; // bytes of 3 sequences of 64 tokens of width 48 in bf16
  planner::LayerCost cost = tables->layer(0, {3, /*tp=*/2});
  for (auto [work, gathers] : {std::pair(&cost.forward, 2), std::pair(&cost.backward, 4)}) {
    EXPECT_EQ(numOf(*work, Collective::AllGather, Group::Tensor), gathers);
    EXPECT_EQ(bytesOf(*work, Collective::AllGather, Group::Tensor), gathers * whole);
    EXPECT_EQ(numOf(*work, Collective::ReduceScatter, Group::Tensor), 2);
    EXPECT_EQ(bytesOf(*work, Collective::ReduceScatter, Group::Tensor), 2 * whole);
  }
  EXPECT_EQ(tables->boundaryBytes({3, 2}), whole / 2);
  EXPECT_EQ(tables->boundaryBytes({3, 2, 4}), whole / 8);
}

TEST(CostTables, ContextParallelismMovesKeysAndValues) {
  Tables tables(specOf(kAttention + std::string(kMlp)));
  const int64_t token = 2 * 4 * 8 * 2; // bytes of 4 key and value heads of width 8 in bf16
  planner::LayerCost ring = tables->layer(0, {2, /*tp=*/2, /*cp=*/2});
  const int64_t shift = 2 * 32 * token / 2;
  EXPECT_EQ(bytesOf(ring.forward, Collective::RingShift, Group::Context), shift);
  EXPECT_EQ(bytesOf(ring.backward, Collective::RingShift, Group::Context), 2 * shift);

  planner::LayerCost exchange = tables->layer(
      0, {2, /*tp=*/1, /*cp=*/4, /*etp=*/1, /*ep=*/1, planner::ContextKind::AllToAll});
  const int64_t heads = 8 + 4 + 4 + 8; // of queries, keys, values, results
  const int64_t sent = 2 * 16 * heads * 8 * 2 * 3 / 4;
  EXPECT_EQ(numOf(exchange.forward, Collective::AllToAll, Group::Context), 4);
  EXPECT_EQ(bytesOf(exchange.forward, Collective::AllToAll, Group::Context), sent);
  EXPECT_EQ(bytesOf(exchange.backward, Collective::AllToAll, Group::Context), sent);
}

/// Experts on tp * cp shares of the tokens: rows are exchanged, and with etp gathered and
/// scattered.
TEST(CostTables, ExpertsSeeTheRowsOfTheirGroup) {
  Tables tables(specOf(kAttention + std::string(kMoe)));
  planner::LayerCost cost = tables->layer(0, {1, /*tp=*/2, /*cp=*/2, /*etp=*/2, /*ep=*/4});
  const int64_t rows = 64 / 4 * 3 * 48 * 2; // bytes
  EXPECT_EQ(bytesOf(cost.forward, Collective::AllToAll, Group::Expert), 2 * rows * 3 / 4);
  EXPECT_EQ(bytesOf(cost.forward, Collective::AllGather, Group::ExpertTensor), 2 * rows);
  EXPECT_EQ(bytesOf(cost.forward, Collective::ReduceScatter, Group::ExpertTensor), 2 * rows);
  planner::LayerCost alone = tables->layer(0, {1, 2, 2});
  EXPECT_EQ(productFlops(cost.forward), productFlops(alone.forward));
  EXPECT_EQ(cost.expertParameters * 2 * 4, alone.expertParameters);
}

TEST(CostTables, TheVocabularyIsSplit) {
  Tables tables(specOf(kAttention + std::string(kMlp)));
  planner::LayerCost embedding = tables->embedding({2, /*tp=*/4, /*cp=*/2});
  const int64_t rows = 2 * 32 * 48 * 2;
  EXPECT_EQ(embedding.denseParameters, 64 / 4 * 48);
  EXPECT_EQ(bytesOf(embedding.forward, Collective::ReduceScatter, Group::Tensor), rows);
  planner::LayerCost head = tables->head({2, /*tp=*/4, /*cp=*/2});
  EXPECT_EQ(head.denseParameters, 64 / 4 * 48 + 48);
  EXPECT_EQ(bytesOf(head.forward, Collective::AllGather, Group::Tensor), rows);
  EXPECT_EQ(bytesOf(head.forward, Collective::AllReduce, Group::Tensor), 3 * 2 * 32 * 4); // f32
}

/// Without ZeRO, and without gradients between pieces.
static int64_t mostBytes(const planner::LayerCost &cost) {
  int64_t most = 0;
  for (const planner::Peak &peak : cost.modes[0].peaks)
    most = std::max(most, peak.bytes);
  return most;
}

/// The logits' f32 copy and its log-softmax are there in place of their gradient.
TEST(CostTables, LogitsInF32TakeMemoryAndTimeOfTheHead) {
  const std::string spec = specOf(kAttention + std::string(kMlp));
  planner::LayerCost plain = Tables(spec)->head({2, /*tp=*/4});
  planner::LayerCost copied = Tables(withRecipe(spec, "f32_logits"))->head({2, /*tp=*/4});
  const int64_t logits = 2 * 64 * 64 / 4;
  EXPECT_EQ(mostBytes(copied) - mostBytes(plain), (4 + 4 - 2) * logits);
  EXPECT_EQ(copied.modes[0].savedBytes, plain.modes[0].savedBytes);
  EXPECT_EQ(copied.forward.ops.size(), plain.forward.ops.size() + 1);
  EXPECT_EQ(copied.forward.ops.back().bytes, 12 * logits);
  EXPECT_EQ(copied.backward.ops.back().bytes, 10 * logits);
}

static uint32_t everBeside(const std::vector<planner::Peak> &peaks) {
  uint32_t all = 0;
  for (const planner::Peak &peak : peaks)
    all |= peak.beside;
  return all;
}

static uint32_t bitsOf(std::initializer_list<planner::Beside> what) {
  uint32_t bits = 0;
  for (planner::Beside one : what)
    bits |= planner::Peak::bit(one);
  return bits;
}

/// Whatever ZeRO spreads is whole at one of a piece's peaks; the gradient that weights read later
/// is held.
TEST(CostTables, PeaksTellWhatIsBesideThem) {
  using planner::Beside;
  const uint32_t dense = bitsOf({Beside::DenseValues, Beside::DenseGradients, Beside::DenseSums});
  const uint32_t expert =
      bitsOf({Beside::ExpertValues, Beside::ExpertGradients, Beside::ExpertSums});
  const uint32_t in = bitsOf({Beside::GradientIn}), out = bitsOf({Beside::GradientOut});
  const planner::LayerCost mlp = Tables(specOf(kAttention + std::string(kMlp)))->layer(0, {2}),
                           moe = Tables(specOf(kAttention + std::string(kMoe)))->layer(0, {2});
  for (const planner::RematMode &mode : mlp.modes) {
    EXPECT_EQ(everBeside(mode.peaks), dense | in | out) << mode.name;
    EXPECT_EQ(everBeside(mode.splitPeaks), dense | out) << mode.name;
  }
  EXPECT_TRUE(mlp.holdsGradient);
  for (const planner::RematMode &mode : moe.modes)
    EXPECT_EQ(everBeside(mode.peaks), dense | expert | in | out) << mode.name;
  Tables tied(specOf(kAttention + std::string(kMlp), "", "tied"));
  EXPECT_EQ(everBeside(tied->head({2}).modes[0].peaks) & bitsOf({Beside::SharedValues}),
            bitsOf({Beside::SharedValues}));
  EXPECT_EQ(everBeside(tied->embedding({2}).modes[0].peaks) & in, in);
}

/// Bytes of memory traffic, without products.
static int64_t touchedBytes(const planner::WorkCost &work) {
  int64_t bytes = 0;
  for (const planner::OpCost &op : work.ops)
    if (op.opClass == planner::OpClass::Memory)
      bytes += op.bytes;
  return bytes;
}

/// The limit and the last bias are steps of their own; the first biases cost their products
/// nothing.
TEST(CostTables, EagerExpertsTakeStepsOfTheirOwn) {
  const std::string spec = specOf(kAttention + std::string(kClampedMoe));
  planner::LayerCost fused = Tables(spec)->layer(0, {2});
  planner::LayerCost eager = Tables(withRecipe(spec, "eager_experts"))->layer(0, {2});
  const int64_t rows = 2 * 64 * 2 * 2, hidden = rows * 20, out = rows * 48; // bytes of a pass
  const int64_t biases = 12 * (20 + 20 + 48) * 2;                           // are read
  EXPECT_EQ(touchedBytes(eager.forward) - touchedBytes(fused.forward),
            (11 - 3) * hidden - 2 * 2 * hidden + (6 - 2) * out - biases);
  EXPECT_EQ(touchedBytes(eager.backward) - touchedBytes(fused.backward),
            (20 - 5) * hidden - 2 * hidden + (8 - 1) * out);
  EXPECT_EQ(productFlops(eager.forward), productFlops(fused.forward));
  EXPECT_EQ(eager.modes.front().savedBytes, fused.modes.front().savedBytes);
}

/// Queries, keys and values are products of one input; of an MLP, gate and up.
TEST(CostTables, RowsAreCastToEightBitsOnce) {
  const std::string spec = specOf(kAttention + std::string(kMlp));
  planner::LayerCost wide = Tables(spec)->layer(0, {2}), cast = Tables(inFp8(spec))->layer(0, {2});
  const int64_t tokens = 2 * 64, bytes = 2 + 1 + 1;
  EXPECT_EQ(touchedBytes(cast.forward) - touchedBytes(wide.forward),
            tokens * bytes * (48 + 64 + 48 + 96));
  EXPECT_EQ(cast.forward.ops.size(), wide.forward.ops.size() + 4);
  // Of gradients: queries, keys, values, output; gate, up, down.
  EXPECT_EQ(touchedBytes(cast.backward) - touchedBytes(wide.backward),
            tokens * bytes * (64 + 32 + 32 + 48 + 96 + 96 + 48));
  EXPECT_EQ(productFlops(cast.backward), productFlops(wide.backward));
}

/// Without either there is nothing to do step by step.
TEST(CostTables, EagerExpertsOfPlainOnesAreTheSame) {
  const std::string spec = specOf(kAttention + std::string(kMoe));
  planner::LayerCost fused = Tables(spec)->layer(0, {2});
  planner::LayerCost eager = Tables(withRecipe(spec, "eager_experts"))->layer(0, {2});
  expectEqual(eager.forward, fused.forward);
  expectEqual(eager.backward, fused.backward);
}

TEST(CostTables, WhatCannotBeSplitIsSaid) {
  EXPECT_TRUE(Tables(specOf(kAttention + std::string(kMlp))).model().allowsContext);
  EXPECT_EQ(Tables(specOf(kAttention + std::string(kMlp))).model().tensorDivisor, 4);
  EXPECT_EQ(Tables(specOf(kLatent + std::string(kMoe))).model().headDivisor, 8);
  EXPECT_EQ(Tables(specOf(kLatent + std::string(kMoe))).model().expertTensorDivisor, 32);
  EXPECT_EQ(Tables(specOf(kAttention + std::string("sigma.moe experts 4 top_k 1 width 8 router "
                                                   "softmax bias\n")))
                .model()
                .expertTensorDivisor,
            1);
  for (const char *option : {"window 8", "chunk 8", "sinks"})
    EXPECT_FALSE(Tables(specOf("sigma.attention heads 8 kv_heads 4 head_width 8 " +
                               std::string(option) + "\n" + kMlp))
                     .model()
                     .allowsContext)
        << option;
  std::string mtp = "sigma.mtp 1 { " + std::string(kAttention) + kMlp + " }\n";
  EXPECT_FALSE(
      Tables(specOf(kAttention + std::string(kMlp), "", "untied", mtp)).model().allowsContext);
  EXPECT_EQ(Tables(specOf("sigma.attention heads 8 kv_heads 4 head_width 8 qk_norm full_width\n" +
                          std::string(kMlp)))
                .model()
                .tensorDivisor,
            1);
}

//===----------------------------------------------------------------------===//
// Modes
//===----------------------------------------------------------------------===//

/// Full rematerialization repeats all of forward but what only its result needs, collectives too.
// A plan names modes: they have to be there at whatever sharding it has, also those that it brings.
TEST(CostTables, ModesAreTheSameAtEverySharding) {
  Tables tables(specOf(kAttention + std::string(kMoe)));
  EXPECT_EQ(*tables->admitMode(0, "moe_dispatch+core_attn"), "core_attn+moe_dispatch");
  EXPECT_TRUE(failed(tables->admitMode(0, "mlp")));
  auto names = [](const planner::LayerCost &cost) {
    std::vector<std::string> names;
    for (const planner::RematMode &mode : cost.modes)
      names.push_back(mode.name);
    return names;
  };
  std::vector<std::string> expected = names(tables->layer(0, {}));
  EXPECT_EQ(std::count(expected.begin(), expected.end(), "core_attn+moe_dispatch"), 1);
  EXPECT_EQ(expected.back(), "full");
  EXPECT_EQ(names(tables->layer(0, {1, /*tp=*/2, /*cp=*/2, /*etp=*/1, /*ep=*/4})), expected);
}

TEST(CostTables, FullModeKeepsTheInput) {
  Tables tables(specOf(kAttention + std::string(kMoe)));
  planner::LayerCost cost = tables->layer(0, {1, /*tp=*/2, /*cp=*/2, /*etp=*/1, /*ep=*/4});
  ASSERT_GE(cost.modes.size(), 2u);
  const planner::RematMode &none = cost.modes.front(), &full = cost.modes.back();
  EXPECT_EQ(none.name, "none");
  EXPECT_TRUE(none.recompute.ops.empty());
  EXPECT_EQ(full.name, "full");
  EXPECT_EQ(full.savedBytes, 64 / 4 * 48 * 2);
  EXPECT_LT(full.savedBytes, none.savedBytes);
  EXPECT_GE(numOf(full.recompute, Collective::AllToAll, Group::Expert), 1);
  EXPECT_GE(numOf(full.recompute, Collective::AllGather, Group::Tensor), 1);
  EXPECT_EQ(tables->embedding({}).modes.size(), 1u);
}
