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
};

void PrintTo(const ModelCase &test, std::ostream *stream) { *stream << test.name; }

class ModelGradient : public testing::TestWithParam<std::tuple<ModelCase, std::string>> {};
} // namespace

/// A model of width 6 on two sequences of 4 tokens. `remat` names the mode of each layer.
static std::string spec(const ModelCase &test, const std::string &remat) {
  std::string modes;
  for (int i = 0; i < test.layerCount; ++i)
    modes += (i ? ", " : "") + (remat == "mixed" ? std::string(i % 2 ? "none" : "full") : remat);
  return R"(
sigma.model @m sequence 4 norm_epsilon 1.0e-2 {
  sigma.embedding vocabulary 5 width 6
  )" + test.layers + R"(
  sigma.head untied
}
sigma.cluster @c devices 1 {
  sigma.accelerator @cpu memory_bytes 1073741824 memory_bandwidth_bytes_per_s 1000 peak_f64_flops_per_s 1000
  sigma.tier @node devices 1 bandwidth_bytes_per_s 1000 latency_ns 1
}
sigma.job @run model @m on @c batch 2 precision f64 { sigma.adamw learning_rate 1.0e-3 }
sigma.plan @run pp 1 dp 1 ep 1 micro_batch 2 schedule "1f1b" proof unproven {
  sigma.stage 0 layers 0 to )" +
         std::to_string(test.layerCount) + " remat [" + modes + "] peak_bytes 0\n}\n";
}

static std::unique_ptr<CompiledProgram> compile(const ModelCase &test, const std::string &remat) {
  auto compiled = CompiledProgram::compile(spec(test, remat), "sigma-compile");
  if (!compiled)
    return nullptr;
  compiled->tokens = {0, 3, 1, 4, 2, 2, 0, 1};
  compiled->targets = {3, 1, 4, 0, 2, 0, 1, 4};
  compiled->fill(/*seed=*/11);
  return compiled;
}

TEST_P(ModelGradient, IsThatOfDifferences) {
  const auto &[test, remat] = GetParam();
  auto compiled = compile(test, remat);
  ASSERT_TRUE(compiled) << spec(test, remat);
  Gradients derived = derivedGradients(*compiled), expected = differences(*compiled);
  EXPECT_TRUE(matters(expected));
  EXPECT_EQ(mismatches(*compiled, derived, expected), "");
}

// Recomputation gives the very same bits.
TEST_P(ModelGradient, DoesNotDependOnRemat) {
  const auto &[test, remat] = GetParam();
  auto plain = compile(test, "none"), compiled = compile(test, remat);
  ASSERT_TRUE(plain && compiled);
  EXPECT_EQ(derivedGradients(*plain), derivedGradients(*compiled));
}

static const char kAttention[] = "sigma.attention heads 3 kv_heads 3 head_width 2 rope 100.0\n";
static const char kGroupedAttention[] = "sigma.attention heads 4 kv_heads 2 head_width 2 rope 100.0 qk_norm\n";
static const char kMlp[] = "sigma.mlp width 5\n";
static const char kMoe[] = "sigma.moe experts 4 top_k 2 width 3 router softmax normalize balance_loss 0.3\n";
static const char kSharedMoe[] =
    "sigma.moe experts 4 top_k 2 width 3 router sigmoid shared 2 shared_width 2 balance_loss 0.3\n";

static std::string layer(const std::string &attention, const std::string &feedForward, int count = 1) {
  return "sigma.repeat " + std::to_string(count) + " {\n" + attention + feedForward + "}\n";
}

INSTANTIATE_TEST_SUITE_P(
    Models, ModelGradient,
    testing::Combine(testing::Values(ModelCase{"dense", layer(kAttention, kMlp), 1},
                                     ModelCase{"grouped_query", layer(kGroupedAttention, kMlp), 1},
                                     ModelCase{"moe", layer(kAttention, kMoe), 1},
                                     ModelCase{"shared_moe", layer(kAttention, kSharedMoe), 1},
                                     ModelCase{"two_layers", layer(kGroupedAttention, kSharedMoe, 2), 2},
                                     ModelCase{"three_layers",
                                               layer(kAttention, kMlp) + layer(kGroupedAttention, kMoe, 2), 3}),
                     testing::Values("none", "full", "mixed")),
    [](const auto &info) { return std::get<0>(info.param).name + "_" + std::get<1>(info.param); });
