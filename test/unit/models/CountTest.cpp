//===- CountTest.cpp - parameters and FLOPs against published figures -----===//

#include "dialects/Rank/BlockBuilder.h"
#include "dialects/Sigma/Counts.h"
#include "dialects/Sigma/SigmaDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "passes/CostTables.h"
#include <chrono>
#include <gtest/gtest.h>

using namespace mlir;
using namespace mlir::sigma;

namespace {
struct Published {
  const char *name;
  int64_t total;
  // In billions, to three places; 0 for dense models.
  double active, activeWithoutEmbedding, activeWithoutEmbeddingAndHead;
};
} // namespace

/// The exact total of each configuration, and the active parameters as far as they are published.
static const Published kPublished[] = {
    {"mixtral_8x7b", 46702792704, 12.880, 12.749, 12.618},
    {"deepseek_v2_lite", 15706484224, 2.661, 2.451, 2.242},
    {"deepseek_v3", 671026419200, 37.552, 36.626, 35.699},
    {"qwen1_5_moe", 14315784192, 2.689, 2.378, 2.067},
    {"qwen2_57b", 57408658944, 14.249, 13.705, 13.160},
    {"qwen3_30b", 30532122624, 3.353, 3.042, 2.731},
    {"qwen3_235b", 235093634560, 22.191, 21.568, 20.946},
    {"olmoe", 6919161856, 1.282, 1.179, 1.076},
    {"dbrx", 131596523520, 36.470, 35.853, 35.237},
    {"grok_1", 315684820992, 83.757, 82.951, 82.951},
    {"glm_4_5_air", 106852251264, 13.424, 12.803, 12.183},
    {"gpt_oss_20b", 20914757184, 4.187, 3.608, 3.029},
    {"llama_4_scout", 107769861120, 17.173, 16.138, 15.104},
    {"ling_lite", 16801974272, 2.753, 2.494, 2.235},
    {"llama_3_1_8b", 8030261248, 0.000, 0.000, 0.000},
    {"llama_3_1_70b", 70553706496, 0.000, 0.000, 0.000},
    {"gpt2", 124439808, 0.000, 0.000, 0.000},
};

namespace {
class PublishedModels : public testing::Test {
protected:
  void SetUp() override {
    context.loadDialect<SigmaDialect, rank::RankDialect>();
    module = parseSourceFile<ModuleOp>(SIGMA_TEST_INPUTS "/published-models.mlir", &context);
    ASSERT_TRUE(module);
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};
} // namespace

static double billions(int64_t count) { return double(count) / 1e9; }

TEST_F(PublishedModels, HaveTheirParameters) {
  for (const Published &published : kPublished) {
    SCOPED_TRACE(published.name);
    auto model = module->lookupSymbol<ModelOp>(published.name);
    ASSERT_TRUE(model);
    ModelCounts counts = countParameters(model);
    EXPECT_EQ(counts.all.total, published.total);
    if (published.active == 0) {
      EXPECT_EQ(counts.all.active, counts.all.total);
      continue;
    }
    EXPECT_NEAR(billions(counts.all.active), published.active, 0.0006);
    EXPECT_NEAR(billions(counts.withoutEmbedding.active), published.activeWithoutEmbedding, 0.0006);
    EXPECT_NEAR(billions(counts.withoutEmbeddingAndHead.active),
                published.activeWithoutEmbeddingAndHead, 0.0006);
  }
}

TEST_F(PublishedModels, AreCountedInMilliseconds) {
  auto model = module->lookupSymbol<ModelOp>("deepseek_v3");
  auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 10; ++i)
    countParameters(model);
  std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  EXPECT_LT(elapsed.count() / 10, 0.1);
}

//===----------------------------------------------------------------------===//
// Closed forms
//===----------------------------------------------------------------------===//

/// A forward function of the blocks at the given shape.
static rank::FuncOp expand(ModelOp model, int64_t microBatch, ModuleOp into) {
  OpBuilder builder = OpBuilder::atBlockEnd(into.getBody());
  Location loc = model.getLoc();
  auto program = builder.create<rank::ProgramOp>(loc, "p", 0, "l", 0, 0, ArrayRef<StringRef>());
  builder.setInsertionPointToEnd(&program.getBody().front());
  EmbeddingOp embedding = model.getEmbedding();
  rank::ModelShape shape{Float32Type::get(model.getContext()),
                         microBatch,
                         model.getSequence(),
                         embedding.getWidth(),
                         embedding.getVocabulary(),
                         microBatch,
                         1e-5,
                         0.02};
  Type ids = RankedTensorType::get({shape.tokens()}, builder.getI32Type());
  auto func =
      builder.create<rank::FuncOp>(loc, rank::kForward, builder.getFunctionType({ids, ids}, {}));
  rank::BlockBuilder blocks(program, func, shape);
  blocks.tokens = func.getArgument(0);
  blocks.targets = func.getArgument(1);
  embedding.expand(blocks);
  for (auto [index, layer] : llvm::enumerate(model.getLayers())) {
    blocks.enterLayer(index);
    layer.attention.expand(blocks);
    layer.feedForward.expand(blocks);
  }
  model.getHead().expand(blocks);
  return func;
}

/// FLOPs of the products, which is what the literature counts.
static double productFlops(rank::FuncOp func) {
  double flops = 0;
  func.walk([&](rank::CostOpInterface op) {
    if (op.getOpClass() != rank::OpClass::Memory)
      flops += double(op.getFlops());
  });
  return flops;
}

static ModelOp parseModel(MLIRContext &context, OwningOpRef<ModuleOp> &module, StringRef text) {
  context.loadDialect<SigmaDialect, rank::RankDialect>();
  module = parseSourceString<ModuleOp>(text, &context);
  return module ? *module->getOps<ModelOp>().begin() : ModelOp();
}

static const char kGpt[] = R"(
sigma.model @gpt sequence 128 norm layer {
  sigma.embedding vocabulary 512 width 64 positions 128
  sigma.repeat 3 {
    sigma.attention heads 4 kv_heads 4 head_width 16 bias [query, key, value, output]
    sigma.mlp width 256 activation gelu_tanh bias
  }
  sigma.head tied
}
)";

/// Narayanan et al. 2021 (arXiv 2104.04473), section 5.1: a forward takes 24 B s l h^2 (1 + s/(6h)
/// + V/(12 l h)) FLOPs, where attention counts as if it were not causal; half of its part s/(6h) is
/// what is computed.
TEST(ClosedForms, FlopsOfAGpt) {
  MLIRContext context;
  OwningOpRef<ModuleOp> module, into = ModuleOp::create(UnknownLoc::get(&context));
  ModelOp model = parseModel(context, module, kGpt);
  ASSERT_TRUE(model);
  const double b = 2, s = 128, l = 3, h = 64, v = 512;
  EXPECT_DOUBLE_EQ(productFlops(expand(model, 2, *into)),
                   24 * b * s * l * h * h * (1 + s / (12 * h) + v / (12 * l * h)));
}

/// The same paper, section 2: 12 l h^2 (1 + 13/(12h) + (V + s)/(12 l h)) parameters, and 2h for the
/// final norm.
TEST(ClosedForms, ParametersOfAGpt) {
  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  ModelOp model = parseModel(context, module, kGpt);
  ASSERT_TRUE(model);
  const int64_t s = 128, l = 3, h = 64, v = 512;
  EXPECT_EQ(countParameters(model).all.total, 12 * l * h * h + 13 * l * h + (v + s) * h + 2 * h);
}

/// DeepSeek-V2 (arXiv 2405.04434), section 2.1: the projections of latent attention, with the
/// query's rank d_c', the latent's d_c, the rotated width d_r and heads of d_h.
TEST(ClosedForms, ParametersOfLatentAttention) {
  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  ModelOp model = parseModel(context, module, R"(
sigma.model @mla sequence 16 {
  sigma.embedding vocabulary 8 width 96
  sigma.repeat 1 {
    sigma.latent_attention heads 4 q_rank 24 kv_rank 20 nope_width 16 rope_width 8 value_width 16 rope 1.0e4
    sigma.mlp width 32
  }
  sigma.head untied
}
)");
  ASSERT_TRUE(model);
  const int64_t d = 96, n = 4, dh = 16, dr = 8, dq = 24, dc = 20;
  int64_t attention = d * dq + dq * n * (dh + dr) + d * dc + 2 * dc * n * dh + d * dr + n * dh * d;
  int64_t norms = dq + dc + 3 * d, mlp = 3 * d * 32, ends = 2 * 8 * d;
  EXPECT_EQ(countParameters(model).all.total, attention + norms + mlp + ends);
}

/// Beltagy et al. 2020 (arXiv 2004.05150), section 3.1: a window of w makes attention linear in the
/// sequence. The first w tokens see a triangle, all others w tokens each.
TEST(ClosedForms, FlopsOfAWindow) {
  MLIRContext context;
  auto flops = [&](StringRef clause) {
    OwningOpRef<ModuleOp> module, into = ModuleOp::create(UnknownLoc::get(&context));
    std::string text = (R"(
sigma.model @m sequence 64 {
  sigma.embedding vocabulary 8 width 32
  sigma.repeat 1 {
    sigma.attention heads 2 kv_heads 1 head_width 16 )" +
                        clause + R"(
    sigma.mlp width 8
  }
  sigma.head untied
})")
                           .str();
    return productFlops(expand(parseModel(context, module, text), 1, *into));
  };
  const double s = 64, w = 8, perPair = 2 * 2 * 16 * 2;
  EXPECT_DOUBLE_EQ(flops("") - flops("window 8"), perPair * (s - w) * (s - w) / 2);
  EXPECT_DOUBLE_EQ(flops("") - flops("chunk 8"), perPair * (s * s / 2 - s * w / 2));
}

/// Korthikanti et al. 2022 (arXiv 2205.05198), equation 2: backward needs s b h (34 + 5 a s / h)
/// bytes of a layer's activations at two bytes a number. Of these, 2 s b h and a s^2 b are masks of
/// dropout, which sigma's models do not have, and 4 a s^2 b the scores and their softmax, which an
/// attention that recomputes them replaces by one number per token and head (Dao et al. 2022). So
/// 16 s b h + a s b numbers stay, and what a norm remembers: two per token.
TEST(ClosedForms, ActivationsOfAGpt) {
  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  std::string text = std::string(kGpt) + R"(
sigma.cluster @core devices 1 {
  sigma.accelerator @core preset "cpu-core-avx512"
  sigma.tier @node devices 1 bandwidth_bytes_per_s 1000000000 latency_ns 1000
}
sigma.job @run model @gpt on @core batch 2 precision f32 {
  sigma.adamw learning_rate 1.0e-3
}
)";
  ModelOp model = parseModel(context, module, text);
  ASSERT_TRUE(model);
  CostTables tables(*module->getOps<JobOp>().begin(), model, {model.getLayer(0)});
  const int64_t s = 128, h = 64, a = 4, bytes = 4;
  for (int64_t b : {1, 2}) {
    planner::Sharding sharding;
    sharding.microBatch = b;
    EXPECT_EQ(tables.layer(0, sharding).modes.front().savedBytes, bytes * s * b * (16 * h + a + 2));
  }
}
