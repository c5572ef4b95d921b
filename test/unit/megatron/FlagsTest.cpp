#include "codegen/megatron/Flags.h"
#include "codegen/megatron/Launch.h"

#include <gtest/gtest.h>

using namespace sigma::megatron;

namespace {

// "line:column: message", "message" or nothing.
std::string shown(const TextError &error) {
  std::string place;
  if (error.line)
    place = std::to_string(error.line) + ":" + std::to_string(error.column) + ": ";
  return place + error.message;
}

// "name value value; name; ..."
std::string shown(const std::string &text) {
  FlagList list = readFlags(text);
  std::string all = shown(list.error);
  for (const Flag &flag : list.flags) {
    all += flag.name.text;
    for (const Word &value : flag.values)
      all += (value.isUnresolved ? " ?" : " ") + value.text;
    all += "; ";
  }
  return all;
}

TEST(FlagsTest, Arguments) {
  EXPECT_EQ(shown(""), "");
  EXPECT_EQ(shown("--a 1 --b --c=3"), "--a 1; --b; --c 3; ");
  EXPECT_EQ(shown("--a\n1\n--b\nx\ny\n"), "--a 1; --b x y; ");
  EXPECT_EQ(shown("--layout Et|(tt|)*3L --b"), "--layout Et|(tt|)*3L; --b; ");
  EXPECT_EQ(shown("--a -3"), "--a -3; ");
  EXPECT_EQ(shown("--"), "");
}

TEST(FlagsTest, Shell) {
  EXPECT_EQ(shown("torchrun --n 8 train.py \\\n  --layout 'Et|L' \\\r\n  --b \"x y\" # --c 1\n"),
            "--n 8 train.py; --layout Et|L; --b x y; ");
  EXPECT_EQ(shown("ARGS=(\n  --a 1\n  --b\n)\nMORE=(--c 2 --d)\ntrain ${ARGS[@]}"),
            "--a 1; --b; --c 2; --d; ");
  EXPECT_EQ(shown("ARGS+=(\"--a\" \"1\") && run x"), "--a 1; ");
  EXPECT_EQ(shown("--a 1 && cd x; --b 2"), "--a 1; --b 2; ");
  EXPECT_EQ(shown("--layout Et\\|tL"), "--layout Et|tL; ");
}

TEST(FlagsTest, Variables) {
  EXPECT_EQ(shown("TP=4\n--a $TP --b ${TP} --c \"$TP$TP\" --d '$TP'"),
            "--a 4; --b 4; --c 44; --d $TP; ");
  EXPECT_EQ(shown("--a ${PP:-8} --b ${PP:-}"), "--a 8; --b; ");
  EXPECT_EQ(shown("PP=2\n--a ${PP:-8}"), "--a 2; ");
  EXPECT_EQ(shown("--a $NONE --b ${NONE} --c $((2*3)) --d ${NONE:-$X}"),
            "--a ?$NONE; --b ?${NONE}; --c ?$((2*3)); --d ?${NONE:-$X}; ");
  EXPECT_EQ(shown("--a $"), "--a ?$; ");
  EXPECT_EQ(shown("TP=2\nARGS=\"\n  --a $TP\n  --b\n\"\ntrain $ARGS"), "--a 2; --b; ");
}

TEST(FlagsTest, OpenQuotesAreLocated) {
  EXPECT_EQ(shown("--a 1\n --b 'x\n"), "2:6: the quote ' is not closed");
  EXPECT_EQ(shown("--a \"x\\\""), "1:5: the quote \" is not closed");
  EXPECT_EQ(shown("A=\"--x 'y\""), "1:1: A holds flags and a quote that is not closed");
}

void expectError(const std::string &text, const std::string &error) {
  EXPECT_EQ(shown(readLaunch(text).error), error) << text;
}

TEST(LaunchTest, ReadsWhatConcernsTheLayout) {
  LaunchText text = readLaunch("--tensor-model-parallel-size 2 --sequence-parallel --lr 1e-4 "
                               "--micro-batch-size 1 --save /tmp --no-ckpt-fully-parallel-save "
                               "--recompute-granularity selective --recompute-modules moe_act mlp "
                               "--tensor-model-parallel-size 4");
  ASSERT_EQ(text.error.message, "");
  EXPECT_EQ(text.launch.tensorParallel, 4); // the last counts
  EXPECT_EQ(text.launch.recomputeModules, (std::vector<std::string>{"moe_act", "mlp"}));
}

TEST(LaunchTest, RefusesValues) {
  expectError("--micro-batch-size -3",
              "1:20: --micro-batch-size is '-3'; it must be a positive integer");
  expectError("--micro-batch-size 2.5",
              "1:20: --micro-batch-size is '2.5'; it must be a positive integer");
  expectError("--micro-batch-size 99999999999999999999",
              "1:20: --micro-batch-size is '99999999999999999999'; it must be a positive integer");
  expectError("--micro-batch-size --bf16", "1:1: --micro-batch-size needs a value");
  expectError("\n--pipeline-model-parallel-size $PP",
              "2:32: --pipeline-model-parallel-size is '$PP', whose value is not in the text; set "
              "it there");
  expectError("--recompute-method=all",
              "1:20: --recompute-method is 'all'; allowed: uniform, block");
  expectError("--recompute-modules core_attn attention",
              "1:31: --recompute-modules names 'attention'; allowed: core_attn, moe_act, "
              "layernorm, mla_up_proj, mlp, moe, shared_experts");
}

TEST(LaunchTest, RefusesOtherLayouts) {
  expectError("", "there is no --micro-batch-size, which Megatron-LM requires");
  expectError("--rampup-batch-size 32 32 100", "1:1: --rampup-batch-size: the batch of a plan does "
                                               "not change; plan each size by itself");
  expectError("--tensor_model_parallel_size 2",
              "1:1: --tensor_model_parallel_size is not known, and 'parallel' says that it changes "
              "the layout");
  expectError("--micro-batch-size 1 --tensor-model-parallel-size 2",
              "--tensor-model-parallel-size is 2 without --sequence-parallel; plans have tensor "
              "parallelism with it only");
  expectError(
      "--micro-batch-size 1 --recompute-granularity full --recompute-method uniform "
      "--recompute-num-layers 2",
      "--recompute-num-layers is 2 with --recompute-method uniform; plans keep the input of "
      "each layer: use 1");
}

TEST(LaunchTest, WhatIsPrintedIsRead) {
  Launch launch;
  launch.tensorParallel = 2;
  launch.sequenceParallel = true;
  launch.contextParallel = 2;
  launch.cpCommTypes = {"a2a"};
  launch.pipelineParallel = 2;
  launch.pipelineLayout = "Et|t*3L";
  launch.expertParallel = 4;
  launch.expertTensorParallel = 1;
  launch.tpPpDpMapping = true;
  launch.microBatch = 2;
  launch.globalBatch = 64;
  launch.distributedOptimizer = launch.fsdp = true;
  launch.shardingStrategy = 3;
  launch.recompute = Recompute::Selective;
  launch.recomputeModules = {"core_attn", "moe_act"};
  launch.overlapGradReduce = launch.overlapParamGather = launch.tpCommOverlap = true;
  std::string text = printLaunch(launch);
  LaunchText again = readLaunch(text);
  ASSERT_EQ(again.error.message, "") << text;
  EXPECT_EQ(printLaunch(again.launch), text);
  EXPECT_NE(text.find("--pipeline-model-parallel-layout 'Et|t*3L'\n"), std::string::npos);
}

} // namespace
