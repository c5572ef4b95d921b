//===- RematModesTest.cpp - the modes among which the planner chooses -----===//

#include "passes/RematModes.h"
#include "dialects/Rank/RankDialect.h"
#include "dialects/Sigma/SigmaDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "passes/Probe.h"
#include <gtest/gtest.h>
#include <map>
#include <set>

using namespace mlir;
using namespace mlir::sigma;

namespace {
/// Layers of published models: attention and feed-forward.
struct LayerCase {
  const char *name, *model, *layer;
};

void PrintTo(const LayerCase &test, std::ostream *stream) { *stream << test.name; }

class RematFront : public testing::TestWithParam<LayerCase> {
protected:
  void SetUp() override {
    context.loadDialect<SigmaDialect, rank::RankDialect>();
    const std::string spec = std::string("sigma.model @m sequence 4096 ") + GetParam().model +
                             "{\nsigma.embedding vocabulary 32000 width 4096\nsigma.repeat 1 {\n" +
                             GetParam().layer + R"(
}
sigma.head untied
}
sigma.cluster @c devices 8 {
  sigma.accelerator @gpu memory_bytes 80000000000 memory_bandwidth_bytes_per_s 3000000000000 peak_bf16_flops_per_s 900000000000000
  sigma.tier @node devices 8 bandwidth_bytes_per_s 400000000000 latency_ns 1000
}
sigma.job @j model @m on @c batch 8 precision bf16 { sigma.adamw learning_rate 1.0e-3 }
)";
    module = parseSourceString<ModuleOp>(spec, &context);
    ASSERT_TRUE(module);
  }

  Probe probe(int64_t ep) {
    planner::Sharding sharding;
    sharding.ep = ep;
    JobOp job = *module->getOps<JobOp>().begin();
    ModelOp model = job.lookupModel();
    Layer layer = model.getLayer(0);
    return Probe(job, model, sharding, {layer.attention, layer.feedForward});
  }

  bool hasExperts() const {
    return std::string(GetParam().layer).find("sigma.moe") != std::string::npos;
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};
} // namespace

static int64_t exchangedBytes(const planner::RematMode &mode) {
  int64_t bytes = 0;
  for (const planner::CollectiveCost &collective : mode.recompute.collectives)
    bytes += collective.collective == planner::Collective::AllToAll ? collective.bytes : 0;
  return bytes;
}

static std::map<std::tuple<int, int64_t, int64_t>, int> counted(const planner::RematMode &mode) {
  std::map<std::tuple<int, int64_t, int64_t>, int> ops;
  for (const planner::OpCost &op : mode.recompute.ops)
    ++ops[{int(op.opClass), op.flops, op.bytes}];
  return ops;
}

static int64_t mostBytes(const planner::RematMode &mode) {
  int64_t most = 0;
  for (const planner::Peak &peak : mode.peaks)
    most = std::max(most, peak.bytes);
  return most;
}

/// Whether `a` is no worse than `b`, on any accelerator.
static bool dominates(const planner::RematMode &a, const planner::RematMode &b) {
  auto ofB = counted(b);
  for (const auto &[op, count] : counted(a))
    if (ofB[op] < count)
      return false;
  return exchangedBytes(a) <= exchangedBytes(b) && a.savedBytes <= b.savedBytes &&
         mostBytes(a) <= mostBytes(b);
}

TEST_P(RematFront, GoesFromNoneToFull) {
  Probe layer = probe(1);
  std::vector<std::string> names = rematFront(*layer);
  ASSERT_GE(names.size(), 3u);
  EXPECT_LE(names.size(), 8u);
  EXPECT_EQ(names.front(), "none");
  EXPECT_EQ(names.back(), "full");
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
  EXPECT_EQ(rematFront(*probe(1)), names);
}

TEST_P(RematFront, HasNoDominatedMode) {
  Probe layer = probe(hasExperts() ? 8 : 1);
  std::vector<planner::RematMode> modes = rematModes(*layer, rematFront(*layer)).modes;
  EXPECT_TRUE(modes.front().recompute.ops.empty());
  for (size_t i = 0; i < modes.size(); ++i)
    for (size_t j = 0; j < modes.size(); ++j)
      EXPECT_FALSE(i != j && dominates(modes[i], modes[j]))
          << modes[i].name << " and " << modes[j].name;
  for (size_t i = 1; i < modes.size(); ++i)
    EXPECT_LT(modes[i].savedBytes, modes[i - 1].savedBytes);
}

TEST_P(RematFront, LeavesTheProgramAlone) {
  Probe layer = probe(1);
  std::string before, after;
  llvm::raw_string_ostream(before) << *layer;
  rematModes(*layer, rematFront(*layer));
  llvm::raw_string_ostream(after) << *layer;
  EXPECT_EQ(before, after);
}

// Rows that are kept are not sent again; what needs them again, or what comes back, pays for it.
TEST_P(RematFront, PaysForRepeatedExchanges) {
  if (!hasExperts())
    GTEST_SKIP();
  Probe layer = probe(8);
  std::vector<planner::RematMode> modes =
      rematModes(*layer, {"none", "layernorm", "moe_act", "experts", "moe_dispatch",
                          "experts+moe_dispatch", "moe", "full"})
          .modes;
  std::map<std::string, int64_t> bytes;
  for (const planner::RematMode &mode : modes)
    bytes[mode.name] = exchangedBytes(mode);
  for (const char *name : {"none", "layernorm", "moe_act", "experts"})
    EXPECT_EQ(bytes[name], 0) << name;
  EXPECT_GT(bytes["moe_dispatch"], 0);
  EXPECT_EQ(bytes["experts+moe_dispatch"], bytes["moe_dispatch"]);
  EXPECT_EQ(bytes["full"], bytes["moe"]);
  EXPECT_GE(bytes["moe"], bytes["moe_dispatch"]);
}

TEST_P(RematFront, ListsModulesInTheirOrder) {
  Probe layer = probe(1);
  EXPECT_EQ(*rematModeName(*layer, "core_attn+layernorm"), "layernorm+core_attn");
  EXPECT_EQ(*rematModeName(*layer, "selective"), "core_attn");
  EXPECT_EQ(*rematModeName(*layer, "full"), "full");
  EXPECT_TRUE(failed(rematModeName(*layer, "core_attn+some")));
  EXPECT_TRUE(failed(rematModeName(*layer, "")));
  if (hasExperts()) {
    EXPECT_EQ(*rematModeName(*layer, "moe_act+moe"), "moe");
  }
}

static const LayerCase kLayers[] = {
    {"llama", "",
     "sigma.attention heads 32 kv_heads 8 head_width 128 rope 10000.0\nsigma.mlp width 14336"},
    {"gpt", "norm layer",
     "sigma.attention heads 32 kv_heads 32 head_width 128\nsigma.mlp width 16384 bias activation "
     "gelu"},
    {"mixtral", "",
     "sigma.attention heads 32 kv_heads 8 head_width 128 rope 10000.0\nsigma.moe experts 8 top_k 2 "
     "width 14336 router softmax "
     "normalize"},
    {"deepseek", "",
     "sigma.latent_attention heads 32 q_rank 1536 kv_rank 512 nope_width 128 rope_width 64 "
     "value_width 128 rope 10000.0\n"
     "sigma.moe experts 64 top_k 8 width 2048 router sigmoid normalize shared 1 shared_width 2048"},
    {"llama_4", "",
     "sigma.attention heads 40 kv_heads 8 head_width 128 rope 10000.0\nsigma.moe experts 16 top_k "
     "1 width 8192 "
     "router sigmoid weigh_input shared 1 shared_width 8192"},
};

INSTANTIATE_TEST_SUITE_P(Layers, RematFront, testing::ValuesIn(kLayers),
                         [](const auto &info) { return std::string(info.param.name); });
