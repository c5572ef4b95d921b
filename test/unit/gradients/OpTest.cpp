//===- OpTest.cpp - the gradient of every differentiable op ---------------===//
//
// A case's forward makes %y, [r, c], from parameters; %left %y %right are the logits of a cross entropy, so that every entry
// of %y matters. Inputs of an op are parameters, because those are what gradients are kept of.
//
//===----------------------------------------------------------------------===//

#include "GradientCheck.h"
#include <cmath>
#include <gtest/gtest.h>
#include <regex>

using namespace sigma::test;

namespace {
struct Input {
  std::string name, shape;
  bool scale = false; // values near one
};

struct OpCase {
  std::string name;
  std::vector<Input> inputs; // each is %name in `body`
  std::string body;          // makes %y; types are written "<4x6>" for tensor<4x6xf64>, "[4]" for tensor<4xi32>
  int64_t rows, columns;     // of %y
  std::vector<int32_t> tokens = {0, 1, 2, 1};
};

void PrintTo(const OpCase &test, std::ostream *stream) { *stream << test.name; }
} // namespace

static std::string type(const std::string &shape) { return "tensor<" + shape + "xf64>"; }

/// "<4x6>" and "[4]" to tensor types.
static std::string withTypes(const std::string &text) {
  static const std::regex floats("<([0-9x]+)>"), ids("\\[([0-9x]+)\\]");
  return std::regex_replace(std::regex_replace(text, floats, "tensor<$1xf64>"), ids, "tensor<$1xi32>");
}

static std::string program(const OpCase &test) {
  const int64_t tokens = test.tokens.size(), vocabulary = 3;
  std::vector<Input> inputs = test.inputs;
  std::string rows = std::to_string(test.rows), columns = std::to_string(test.columns);
  inputs.push_back({"left", std::to_string(tokens) + "x" + rows});
  inputs.push_back({"right", columns + "x" + std::to_string(vocabulary)});

  std::string ids = "tensor<" + std::to_string(tokens) + "xi32>", parameters, weights;
  for (const Input &input : inputs) {
    parameters += "rank.parameter @" + input.name + " : " + type(input.shape) +
                  (input.scale ? " init ones(0.0)\n" : " init normal(1.0)\n");
    weights += "%" + input.name + " = rank.weight @" + input.name + " : " + type(input.shape) + "\n";
  }
  std::string logits = "<" + std::to_string(tokens) + "x3>", half = "<" + std::to_string(tokens) + "x" + columns + ">";
  std::string end = "%half = rank.matmul %left, %y : (<" + inputs[inputs.size() - 2].shape + ">, <" + rows + "x" +
                    columns + ">) -> " + half + "\n%logits = rank.matmul %half, %right : (" + half + ", <" +
                    inputs.back().shape + ">) -> " + logits +
                    "\n%loss, %lse = rank.cross_entropy %logits, %targets : (" + logits + ", [" +
                    std::to_string(tokens) + "]) -> (<1>, <" + std::to_string(tokens) +
                    ">)\nrank.objective loss %loss scale 0.5 : <1>\n";
  return R"(rank.launch @launch mesh<pp = 1, dp = 1> experts<ep = 1> batch 1 micro_batch 1 sequence )" +
         std::to_string(tokens) + R"( vocabulary 3 precision f64 {learning_rate = 0.1 : f64, warmup_steps = 0 : i64,
    beta1 = 0.9 : f64, beta2 = 0.9 : f64, epsilon = 0.1 : f64, weight_decay = 0.0 : f64, gradient_clip = 0.0 : f64,
    predicted_step_ns = 0 : i64}
rank.program @stage0 stage 0 of @launch layers 0 to 0 remat [] {
)" + parameters +
         "rank.func @forward(%tokens: " + ids + ", %targets: " + ids + ") {\n" + weights + withTypes(test.body + "\n" + end) +
         "rank.return\n}\n}\n";
}

static const char kPipeline[] = "rank.program(sigma-autodiff,sigma-remat,sigma-schedule,sigma-plan-memory)";

static std::unique_ptr<CompiledProgram> compile(const OpCase &test) {
  auto compiled = CompiledProgram::compile(program(test), kPipeline);
  if (!compiled)
    return nullptr;
  compiled->tokens = test.tokens;
  for (size_t i = 0; i < compiled->targets.size(); ++i)
    compiled->targets[i] = (i * 2 + 1) % 3;
  compiled->fill(/*seed=*/7);
  return compiled;
}

static std::vector<OpCase> matmulCases() {
  std::vector<OpCase> cases;
  for (bool lhs : {false, true})
    for (bool rhs : {false, true}) {
      std::string a = lhs ? "3x5" : "5x3", b = rhs ? "2x3" : "3x2";
      std::string flags = lhs && rhs ? " {transpose_lhs, transpose_rhs}" : lhs ? " {transpose_lhs}" : rhs ? " {transpose_rhs}" : "";
      cases.push_back({std::string("matmul") + (lhs ? "_transpose_lhs" : "") + (rhs ? "_transpose_rhs" : ""),
                       {{"a", a}, {"b", b}},
                       "%y = rank.matmul %a, %b" + flags + " : (<" + a + ">, <" + b + ">) -> <5x2>",
                       5,
                       2});
    }
  return cases;
}

/// Sizes of the groups come in as token ids: 2, 0, 3 and 1 rows.
static std::vector<OpCase> groupedCases() {
  return {
      {"grouped_matmul",
       {{"rows", "6x3"}, {"w", "4x3x5"}},
       "%y = rank.grouped_matmul %rows, %w, %tokens {expected_rows = 6 : i64} : (<6x3>, <4x3x5>, [4]) -> <6x5>",
       6,
       5,
       {2, 0, 3, 1}},
      {"grouped_matmul_transposed",
       {{"rows", "6x3"}, {"w", "4x5x3"}},
       "%y = rank.grouped_matmul %rows, %w, %tokens {expected_rows = 6 : i64, transpose_weights} : "
       "(<6x3>, <4x5x3>, [4]) -> <6x5>",
       6,
       5,
       {2, 0, 3, 1}},
      {"add_bias_with_sizes",
       {{"rows", "6x3"}, {"b", "4x3"}},
       "%y = rank.add_bias %rows, %b, %tokens {expected_rows = 6 : i64} : (<6x3>, <4x3>, [4]) -> <6x3>",
       6,
       3,
       {2, 0, 3, 1}},
      {"activation_with_sizes",
       {{"gate", "6x3"}, {"up", "6x3"}},
       "%y = rank.activation %gate up %up sizes %tokens {expected_rows = 6 : i64} : (<6x3>, <6x3>, [4]) -> <6x3>",
       6,
       3,
       {2, 0, 3, 1}},
  };
}

static std::vector<OpCase> denseCases() {
  return {
      {"add", {{"a", "4x3"}, {"b", "4x3"}}, "%y = rank.add %a, %b : <4x3>", 4, 3},
      {"add_of_a_value_used_twice",
       {{"a", "4x3"}, {"b", "3x3"}},
       "%m = rank.matmul %a, %b : (<4x3>, <3x3>) -> <4x3>\n%s = rank.add %m, %m : <4x3>\n%y = rank.add %s, %m : <4x3>",
       4,
       3},
      {"weight_used_twice",
       {{"a", "3x3"}},
       "%y = rank.matmul %a, %a : (<3x3>, <3x3>) -> <3x3>",
       3,
       3},
      {"weight_added_twice", {{"a", "3x3"}}, "%y = rank.add %a, %a : <3x3>", 3, 3},
      {"constant", {{"a", "3x3"}}, "%c = rank.constant 0.75 : <3x3>\n%y = rank.matmul %a, %c : (<3x3>, <3x3>) -> <3x3>", 3, 3},
      {"rms_norm",
       {{"x", "4x6"}, {"w", "6", true}},
       "%y, %rstd = rank.rms_norm %x, %w {epsilon = 0.01 : f64} : (<4x6>, <6>) -> (<4x6>, <4>)",
       4,
       6},
      {"rms_norm_of_heads",
       {{"x", "4x6"}, {"w", "2", true}},
       "%y, %rstd = rank.rms_norm %x, %w {epsilon = 0.01 : f64} : (<4x6>, <2>) -> (<4x6>, <12>)",
       4,
       6},
      {"rotary",
       {{"x", "6x8"}},
       "%y = rank.rotary %x {sequence = 3 : i64, heads = 2 : i64, frequencies = array<f64: 1.0, 0.1>} : (<6x8>) -> <6x8>",
       6,
       8},
      {"rotary_transposed",
       {{"x", "6x8"}},
       "%y = rank.rotary %x {sequence = 3 : i64, heads = 2 : i64, frequencies = array<f64: 1.0, 0.1>, transpose} : (<6x8>) -> <6x8>",
       6,
       8},
      {"attention",
       {{"q", "6x4"}, {"k", "6x4"}, {"v", "6x4"}},
       "%y, %l = rank.attention %q, %k, %v {sequence = 3 : i64, heads = 2 : i64, kv_heads = 2 : i64} : "
       "(<6x4>, <6x4>, <6x4>) -> (<6x4>, <6x2>)",
       6,
       4},
      {"rotary_partial",
       {{"x", "6x12"}},
       "%y = rank.rotary %x {sequence = 3 : i64, heads = 2 : i64, frequencies = array<f64: 1.0, 0.1>, magnitude = 1.3 : f64} : "
       "(<6x12>) -> <6x12>",
       6,
       12},
      {"join_heads",
       {{"shared", "4x2"}, {"own", "4x6"}},
       "%y = rank.join_heads %shared, %own {heads = 2 : i64} : (<4x2>, <4x6>) -> <4x10>",
       4,
       10},
      {"center", {{"x", "4x5"}}, "%y = rank.center %x : (<4x5>) -> <4x5>", 4, 5},
      {"scale", {{"x", "4x5"}}, "%y = rank.scale %x by -1.5 : <4x5>", 4, 5},
      {"add_bias", {{"x", "4x5"}, {"b", "5"}}, "%y = rank.add_bias %x, %b : (<4x5>, <5>) -> <4x5>", 4, 5},
      {"attention_of_another_value_width",
       {{"q", "6x8"}, {"k", "6x4"}, {"v", "6x6"}},
       "%y, %l = rank.attention %q, %k, %v {sequence = 6 : i64, heads = 4 : i64, kv_heads = 2 : i64, scale = 0.9 : f64} : "
       "(<6x8>, <6x4>, <6x6>) -> (<6x12>, <6x4>)",
       6,
       12},
      {"attention_window",
       {{"q", "8x4"}, {"k", "8x4"}, {"v", "8x4"}},
       "%y, %l = rank.attention %q, %k, %v {sequence = 8 : i64, heads = 2 : i64, kv_heads = 2 : i64, window = 3 : i64} : "
       "(<8x4>, <8x4>, <8x4>) -> (<8x4>, <8x2>)",
       8,
       4},
      {"attention_chunk",
       {{"q", "8x4"}, {"k", "8x4"}, {"v", "8x4"}},
       "%y, %l = rank.attention %q, %k, %v {sequence = 8 : i64, heads = 2 : i64, kv_heads = 2 : i64, chunk = 3 : i64} : "
       "(<8x4>, <8x4>, <8x4>) -> (<8x4>, <8x2>)",
       8,
       4},
      {"attention_softcap",
       {{"q", "6x4"}, {"k", "6x4"}, {"v", "6x4"}},
       "%y, %l = rank.attention %q, %k, %v {sequence = 3 : i64, heads = 2 : i64, kv_heads = 2 : i64, softcap = 0.7 : f64} : "
       "(<6x4>, <6x4>, <6x4>) -> (<6x4>, <6x2>)",
       6,
       4},
      {"attention_sinks",
       {{"q", "6x4"}, {"k", "6x2"}, {"v", "6x2"}, {"s", "2"}},
       "%y, %l = rank.attention %q, %k, %v, %s {sequence = 3 : i64, heads = 2 : i64, kv_heads = 1 : i64, window = 2 : i64} : "
       "(<6x4>, <6x2>, <6x2>, <2>) -> (<6x4>, <6x2>)",
       6,
       4},
      {"positions",
       {{"table", "3x5"}},
       "%p = rank.positions {sequence = 2 : i64} : () -> [4]\n"
       "%y = rank.embedding %p, %table : ([4], <3x5>) -> <4x5>",
       4,
       5},
      {"embedding_of_next_targets",
       {{"table", "3x5"}},
       "%n = rank.next_targets %targets {sequence = 2 : i64} : ([4]) -> [4]\n"
       "%y = rank.embedding %n, %table : ([4], <3x5>) -> <4x5>",
       4,
       5},
      {"cross_entropy_without_some_targets",
       {{"x", "4x3"}},
       "%n = rank.next_targets %targets {sequence = 2 : i64} : ([4]) -> [4]\n"
       "%loss2, %lse2 = rank.cross_entropy %x, %n : (<4x3>, [4]) -> (<1>, <4>)\n"
       "rank.objective balance %loss2 scale 0.7 : <1>\n%y = rank.add %x, %x : <4x3>",
       4,
       3},
      {"attention_grouped_query",
       {{"q", "6x8"}, {"k", "6x4"}, {"v", "6x4"}},
       "%y, %l = rank.attention %q, %k, %v {sequence = 6 : i64, heads = 4 : i64, kv_heads = 2 : i64} : "
       "(<6x8>, <6x4>, <6x4>) -> (<6x8>, <6x4>)",
       6,
       8},
      {"activation", {{"gate", "4x3"}, {"up", "4x3"}}, "%y = rank.activation %gate up %up : (<4x3>, <4x3>) -> <4x3>", 4, 3},
      {"embedding", {{"table", "3x5"}}, "%y = rank.embedding %tokens, %table : ([4], <3x5>) -> <4x5>", 4, 5},
  };
}

/// Every function, alone and with another factor.
static std::vector<OpCase> activationCases() {
  std::vector<OpCase> cases;
  for (std::string kind :
       {"silu", "gelu", "gelu_tanh", "relu", "relu_squared", "clamped_silu", "tanh_cap", "clamp"}) {
    std::string attributes = " {kind = #rank<activation " + kind + ">, limit = 0.6 : f64} : ";
    cases.push_back({"activation_" + kind,
                     {{"gate", "4x3"}},
                     "%y = rank.activation %gate" + attributes + "(<4x3>) -> <4x3>",
                     4,
                     3});
    cases.push_back({"gated_activation_" + kind,
                     {{"gate", "4x3"}, {"up", "4x3"}},
                     "%y = rank.activation %gate up %up" + attributes + "(<4x3>, <4x3>) -> <4x3>",
                     4,
                     3});
  }
  return cases;
}

static std::vector<OpCase> routerCases() {
  std::vector<OpCase> cases;
  for (std::string score : {"softmax", "sigmoid"}) {
    std::string scores =
        "%s = rank.router_scores %l {score = #rank<score " + score + ">} : (<4x5>) -> <4x5>\n";
    cases.push_back({"router_scores_" + score, {{"l", "4x5"}}, scores + "%y = rank.add %s, %l : <4x5>", 4, 5});
    for (std::string normalize : {"", " {normalize}"})
      cases.push_back({"top_k_" + score + (normalize.empty() ? "" : "_normalized"),
                       {{"l", "4x5"}},
                       scores + "%y, %chosen = rank.top_k %s" + normalize + " : (<4x5>) -> (<4x2>, [4x2])",
                       4,
                       2});
    cases.push_back(
        {"balance_loss_" + score,
         {{"l", "4x5"}},
         scores + "%y, %chosen = rank.top_k %s : (<4x5>) -> (<4x2>, [4x2])\n"
                  "%b = rank.balance_loss %s, %chosen {sequence = 2 : i64} : (<4x5>, [4x2]) -> <1>\n"
                  "rank.objective balance %b scale 0.7 : <1>",
         4,
         2});
  }
  cases.push_back({"top_k_of_groups_with_a_bias",
                   {{"l", "4x6"}, {"b", "6"}},
                   "%c = rank.constant 0.0 : <6>\n%s = rank.router_scores %l {score = #rank<score sigmoid>} : (<4x6>) -> <4x6>\n"
                   "%z = rank.add_bias %s, %b : (<4x6>, <6>) -> <4x6>\n"
                   "%y, %chosen = rank.top_k %z, %c {normalize, groups = 3 : i64, top_groups = 2 : i64, "
                   "group_candidates = 2 : i64} : (<4x6>, <6>) -> (<4x3>, [4x3])",
                   4,
                   3});
  cases.push_back({"z_loss",
                   {{"l", "4x5"}},
                   "%z, %lse2 = rank.z_loss %l : (<4x5>) -> (<1>, <4>)\n"
                   "rank.objective balance %z scale 0.3 : <1>\n%y = rank.add %l, %l : <4x5>",
                   4,
                   5});
  // The order of the slots comes in as token ids: each of the 2 tokens has 2 slots.
  cases.push_back({"gather_rows",
                   {{"x", "2x3"}},
                   "%y = rank.gather_rows %x, %tokens : (<2x3>, [4]) -> <4x3>",
                   4,
                   3,
                   {2, 0, 3, 1}});
  cases.push_back({"gather_weighted_rows",
                   {{"x", "2x3"}, {"w", "2x2"}},
                   "%y = rank.gather_rows %x, %tokens, %w : (<2x3>, [4], <2x2>) -> <4x3>",
                   4,
                   3,
                   {2, 0, 3, 1}});
  cases.push_back({"scatter_rows",
                   {{"rows", "4x3"}},
                   "%y = rank.scatter_rows %rows, %tokens : (<4x3>, [4]) -> <2x3>",
                   2,
                   3,
                   {2, 0, 3, 1}});
  cases.push_back({"combine",
                   {{"rows", "4x3"}, {"w", "2x2"}},
                   "%y = rank.combine %rows, %tokens, %w : (<4x3>, [4], <2x2>) -> <2x3>",
                   2,
                   3,
                   {2, 0, 3, 1}});
  cases.push_back({"gather_and_combine_by_group",
                   {{"x", "4x3"}, {"l", "4x5"}},
                   "%w, %chosen = rank.top_k %l : (<4x5>) -> (<4x2>, [4x2])\n"
                   "%position, %sizes = rank.group_tokens %chosen : ([4x2]) -> ([8], [5])\n"
                   "%rows = rank.gather_rows %x, %position : (<4x3>, [8]) -> <8x3>\n"
                   "%y = rank.combine %rows, %position, %w : (<8x3>, [8], <4x2>) -> <4x3>",
                   4,
                   3});
  return cases;
}

static std::vector<OpCase> allCases() {
  std::vector<OpCase> all;
  for (const std::vector<OpCase> &cases : {matmulCases(), groupedCases(), denseCases(), activationCases(), routerCases()})
    all.insert(all.end(), cases.begin(), cases.end());
  return all;
}

namespace {
class OpGradient : public testing::TestWithParam<OpCase> {};
} // namespace

TEST_P(OpGradient, IsThatOfDifferences) {
  auto compiled = compile(GetParam());
  ASSERT_TRUE(compiled) << program(GetParam());
  Gradients derived = derivedGradients(*compiled), expected = differences(*compiled);
  EXPECT_TRUE(matters(expected));
  EXPECT_EQ(mismatches(*compiled, derived, expected), "");
}

INSTANTIATE_TEST_SUITE_P(Ops, OpGradient, testing::ValuesIn(allCases()),
                         [](const auto &info) { return info.param.name; });

// The comparison sees one entry that is a little wrong, and one that nobody wrote.
TEST(GradientCheck, SeesAWrongEntry) {
  auto compiled = compile(denseCases().front());
  ASSERT_TRUE(compiled);
  Gradients expected = differences(*compiled), derived = derivedGradients(*compiled);
  ASSERT_EQ(mismatches(*compiled, derived, expected), "");
  Gradients wrong = derived;
  wrong[0][5] *= 1.0 + 1e-4;
  EXPECT_NE(mismatches(*compiled, wrong, expected), "");
  wrong = derived;
  wrong[1][0] = std::nan("");
  EXPECT_NE(mismatches(*compiled, wrong, expected), "");
}

// A backward that is wrong in one place, here the transposition of a square matrix, is seen.
TEST(GradientCheck, SeesAWrongRule) {
  OpCase test{"wrong", {{"a", "3x3"}, {"b", "3x3"}}, "%y = rank.matmul %a, %b : (<3x3>, <3x3>) -> <3x3>", 3, 3};
  auto right = compile(test);
  test.body = "%y = rank.matmul %a, %b {transpose_rhs} : (<3x3>, <3x3>) -> <3x3>";
  auto other = compile(test);
  ASSERT_TRUE(right && other);
  EXPECT_NE(mismatches(*right, derivedGradients(*other), differences(*right)), "");
}
