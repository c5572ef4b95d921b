//===- BlockTest.cpp - gradients of whole models --------------------------===//

#include "GradientCheck.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace sigma::test;

namespace {
struct ModelCase {
  std::string name;
  std::string layers; // sigma.repeat ops
  int layerCount;
  std::string attributes = "", embedding = "", head = "untied"; // of the model and of its ends
};

void PrintTo(const ModelCase &test, std::ostream *stream) { *stream << test.name; }

class ModelGradient : public testing::TestWithParam<std::tuple<ModelCase, std::string>> {};
} // namespace

/// The mode of each layer; they may be the same for all.
using Modes = std::vector<std::string>;

static Modes modesOf(const ModelCase &test, const std::string &remat) {
  Modes modes(test.layerCount, remat);
  if (remat == "mixed")
    for (int i = 0; i < test.layerCount; ++i)
      modes[i] = i % 2 ? "none" : "full";
  return modes;
}

/// A model of width 6 on two sequences of 4 tokens.
static std::string spec(const ModelCase &test, const Modes &modes) {
  std::string remat;
  for (const std::string &mode : modes)
    remat += (remat.empty() ? "\"" : ", \"") + mode + "\"";
  return R"(
sigma.model @m sequence 4 norm_epsilon 1.0e-2 )" +
         test.attributes + R"( {
  sigma.embedding vocabulary 5 width 6 )" +
         test.embedding + "\n" + test.layers + R"(
  sigma.head )" +
         test.head + R"(
}
sigma.cluster @c devices 1 {
  sigma.accelerator @cpu memory_bytes 1073741824 memory_bandwidth_bytes_per_s 1000 peak_f64_flops_per_s 1000
  sigma.tier @node devices 1 bandwidth_bytes_per_s 1000 latency_ns 1
}
sigma.job @run model @m on @c batch 2 precision f64 { sigma.adamw learning_rate 1.0e-3 }
sigma.plan @run pp 1 dp 1 ep 1 micro_batch 2 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to )" +
         std::to_string(test.layerCount) + " remat [" + remat + "] peak_bytes 0\n}\n";
}

static std::unique_ptr<CompiledProgram> compile(const ModelCase &test, const Modes &modes) {
  auto compiled = CompiledProgram::compile(spec(test, modes), "sigma-compile");
  if (!compiled)
    return nullptr;
  compiled->tokens = {0, 3, 1, 4, 2, 2, 0, 1};
  compiled->targets = {3, 1, 4, 0, 2, 0, 1, 4};
  compiled->fill(/*seed=*/11);
  return compiled;
}

TEST_P(ModelGradient, IsThatOfDifferences) {
  const auto &[test, remat] = GetParam();
  auto compiled = compile(test, modesOf(test, remat));
  ASSERT_TRUE(compiled) << test.name;
  Gradients derived = derivedGradients(*compiled), expected = differences(*compiled);
  EXPECT_TRUE(matters(expected));
  EXPECT_EQ(mismatches(*compiled, derived, expected), "");
}

// Recomputation gives the very same bits.
TEST_P(ModelGradient, DoesNotDependOnRemat) {
  const auto &[test, remat] = GetParam();
  auto plain = compile(test, modesOf(test, "none")), compiled = compile(test, modesOf(test, remat));
  ASSERT_TRUE(plain && compiled);
  EXPECT_EQ(derivedGradients(*plain), derivedGradients(*compiled));
}

namespace {
class ModelRemat : public testing::TestWithParam<ModelCase> {
protected:
  void SetUp() override {
    plain = compile(GetParam(), modesOf(GetParam(), "none"));
    ASSERT_TRUE(plain);
    expected = derivedGradients(*plain);
  }
  void expectSameGradients(const Modes &modes) {
    auto compiled = compile(GetParam(), modes);
    ASSERT_TRUE(compiled) << testing::PrintToString(modes);
    EXPECT_EQ(derivedGradients(*compiled), expected) << testing::PrintToString(modes);
  }

  std::unique_ptr<CompiledProgram> plain;
  Gradients expected;
};
} // namespace

static std::string join(const std::vector<std::string> &modules) {
  std::string mode;
  for (const std::string &module : modules)
    mode += (mode.empty() ? "" : "+") + module;
  return mode;
}

// Each module by itself, another one in each layer, and all together.
TEST_P(ModelRemat, OfAnyModuleGivesTheSameBits) {
  const std::vector<std::vector<std::string>> &layers = plain->layerModules;
  ASSERT_EQ(int(layers.size()), GetParam().layerCount);
  for (size_t i = 0; i < layers.front().size(); ++i) {
    Modes modes;
    for (const auto &modules : layers)
      modes.push_back(modules[(i + modes.size()) % modules.size()]);
    expectSameGradients(modes);
  }
  Modes all;
  for (const auto &modules : layers)
    all.push_back(join(modules));
  expectSameGradients(all);
}

static const char kAttention[] = "sigma.attention heads 3 kv_heads 3 head_width 2 rope 100.0\n";
static const char kGroupedAttention[] = "sigma.attention heads 4 kv_heads 2 head_width 2 rope 100.0 qk_norm\n";
static const char kMlp[] = "sigma.mlp width 5\n";
static const char kMoe[] = "sigma.moe experts 4 top_k 2 width 3 router softmax normalize balance_loss 0.3\n";
static const char kSharedMoe[] =
    "sigma.moe experts 4 top_k 2 width 3 router sigmoid shared 2 shared_width 2 balance_loss 0.3\n";

static std::string layer(const std::string &attention, const std::string &feedForward, int count = 1) {
  return "sigma.repeat " + std::to_string(count) + " {\n" + attention + "\n" + feedForward + "\n}\n";
}

static ModelCase withAttention(const std::string &name, const std::string &clauses) {
  return {name, layer("sigma.attention heads 2 kv_heads 1 head_width 4 " + clauses, kMlp), 1};
}

static ModelCase withMoe(const std::string &name, const std::string &clauses) {
  return {name, layer(kAttention, "sigma.moe experts 4 top_k 2 width 3 " + clauses), 1};
}

static const char kLatent[] =
    "sigma.latent_attention heads 2 kv_rank 3 nope_width 2 rope_width 2 value_width 3 rope <base = 100.0, "
    "yarn = {factor = 4.0, original_positions = 4, mscale = 1.0, mscale_all_dim = 0.7}>\n";
static const char kLatentWithRank[] =
    "sigma.latent_attention heads 2 q_rank 4 kv_rank 3 nope_width 2 rope_width 2 value_width 3 rope 100.0\n";

/// Whole models whose layers are those of published ones.
static std::vector<ModelCase> modelCases() {
  std::vector<ModelCase> cases{
      {"dense", layer(kAttention, kMlp), 1},
      {"grouped_query", layer(kGroupedAttention, kMlp), 1},
      {"moe", layer(kAttention, kMoe), 1},
      {"shared_moe", layer(kAttention, kSharedMoe), 1},
      {"two_layers", layer(kGroupedAttention, kSharedMoe, 2), 2},
      {"three_layers", layer(kAttention, kMlp) + layer(kGroupedAttention, kMoe, 2), 3},
      {"period_of_two", layer(std::string(kAttention) + kMlp + kGroupedAttention, kMoe, 2), 4},
      {"latent_attention", layer(kLatent, kMlp), 1},
      {"latent_attention_with_query_rank", layer(kLatentWithRank, kMlp), 1},
      {"layer_norm", layer(kAttention, kMlp), 1, "norm layer"},
      {"layer_norm_without_bias", layer(kAttention, kMoe), 1, "norm layer_no_bias"},
      {"post_norm", layer(kAttention, kMlp), 1, "norm_placement post"},
      {"sandwich_norm", layer(kAttention, kMoe), 1, "norm_placement sandwich"},
      {"learned_positions", layer("sigma.attention heads 2 kv_heads 2 head_width 4", kMlp), 1, "norm layer", "positions 5",
       "tied"},
      {"tied_scaled", layer(kAttention, kMlp), 1, "", "scale 1.7", "tied scale 0.6 softcap 2.0 bias"},
      {"normalized_head", layer(kAttention, kMlp), 1, "", "", "untied normalize bias"},
      {"further_tokens",
       layer(kAttention, kMlp) + "sigma.mtp 2 {\n" + kAttention + kMoe + "}\n", 1, "", "scale 1.3", "untied"},
      {"further_token_of_tied",
       layer(kAttention, kMlp) + "sigma.mtp 1 loss_factor 0.7 {\n" + kAttention + kMlp + "}\n", 1, "norm layer", "",
       "tied"},
      withAttention("no_positions", ""),
      withAttention("partial_rotary", "rope <base = 100.0, width = 2>"),
      withAttention("llama3_rope",
                    "rope <base = 100.0, llama3 = {factor = 8.0, original_positions = 16, low_freq_factor = 1.0, "
                    "high_freq_factor = 4.0}>"),
      withAttention("qk_norm_full_width", "rope 100.0 qk_norm full_width"),
      withAttention("qk_norm_l2", "rope 100.0 qk_norm l2"),
      withAttention("biases", "rope 100.0 bias [query, key, value, output]"),
      withAttention("window_and_sinks", "rope 100.0 window 2 sinks"),
      withAttention("chunk", "rope 100.0 chunk 2"),
      withAttention("softcap", "rope 100.0 scale 0.9 softcap 1.5"),
      withAttention("clip", "rope 100.0 clip 0.8"),
      withMoe("gpt_oss_moe", "router softmax normalize router_bias activation clamped_swiglu limit 0.9 bias"),
      withMoe("deepseek_v3_moe", "router sigmoid normalize scaling 2.5 selection_bias groups 2 top_groups 1 shared 1 "
                                 "shared_width 2"),
      withMoe("deepseek_v2_moe", "router softmax groups 4 top_groups 3 shared 2 shared_width 2 balance_loss 0.1"),
      withMoe("qwen2_moe", "router softmax shared 1 shared_width 4 shared_gate z_loss 0.2"),
      withMoe("llama_4_moe", "router sigmoid weigh_input shared 1 shared_width 3"),
      withMoe("grok_moe", "router softmax activation geglu_tanh"),
  };
  for (std::string activation :
       {"geglu", "geglu_tanh", "reglu", "clamped_swiglu limit 0.5", "silu", "gelu", "gelu_tanh", "relu", "relu_squared"})
    cases.push_back({"mlp_" + activation.substr(0, activation.find(' ')),
                     layer(kAttention, "sigma.mlp width 5 bias activation " + activation), 1});
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Models, ModelGradient,
                         testing::Combine(testing::ValuesIn(modelCases()), testing::Values("none", "full", "mixed")),
                         [](const auto &info) { return std::get<0>(info.param).name + "_" + std::get<1>(info.param); });

INSTANTIATE_TEST_SUITE_P(Models, ModelRemat, testing::ValuesIn(modelCases()),
                         [](const auto &info) { return info.param.name; });

TEST(Remat, OfAnySetOfModulesGivesTheSameBits) {
  const ModelCase test{"shared_moe", layer(kGroupedAttention, kSharedMoe), 1};
  auto plain = compile(test, {"none"});
  ASSERT_TRUE(plain);
  const std::vector<std::string> &modules = plain->layerModules.front();
  EXPECT_EQ(modules.size(), 8u);
  for (unsigned set = 1; set < 1u << modules.size(); ++set) {
    std::vector<std::string> chosen;
    for (size_t i = 0; i < modules.size(); ++i)
      if (set >> i & 1)
        chosen.push_back(modules[i]);
    auto compiled = compile(test, {join(chosen)});
    ASSERT_TRUE(compiled);
    EXPECT_EQ(derivedGradients(*plain), derivedGradients(*compiled)) << join(chosen);
  }
}
