#include "codegen/megatron/LayoutString.h"

#include <gtest/gtest.h>

using namespace sigma::megatron;

namespace {

std::vector<int64_t> layersOf(const LayoutString &layout) {
  std::vector<int64_t> layers;
  for (const VirtualStage &stage : layout.stages)
    layers.push_back(stage.layers);
  return layers;
}

void expectLayers(const std::string &text, const std::vector<int64_t> &layers) {
  LayoutString layout = parseLayoutString(text);
  EXPECT_EQ(layout.error, "") << text;
  EXPECT_EQ(layersOf(layout), layers) << text;
}

void expectError(const std::string &text, const std::string &error) {
  LayoutString layout = parseLayoutString(text);
  EXPECT_EQ(layout.error, error) << text;
  EXPECT_TRUE(layout.stages.empty()) << text;
}

TEST(LayoutStringTest, Tokens) {
  expectLayers("EL", {0});
  expectLayers("EtL", {1});
  expectLayers("Ett|t|ttL", {2, 1, 2});
  expectLayers("E,tt,|,ttL", {2, 2});
}

TEST(LayoutStringTest, Repetitions) {
  expectLayers("Et*3|t*12|L", {3, 12, 0});
  expectLayers("E(t)*3L", {3});
  expectLayers("Et(t|t)*2L", {2, 2, 1});
  expectLayers("E|(t*2|)*3L", {0, 2, 2, 2, 0});
  expectLayers("Et|*3tL", {1, 0, 0, 1});
}

TEST(LayoutStringTest, PublishedLayouts) {
  // DeepSeek-V3, 61 layers over 16 stages of two chunks, and over 8 of four.
  LayoutString layout = parseLayoutString("Et*3|(tt|)*29,m|L");
  ASSERT_EQ(layout.error, "");
  EXPECT_EQ(layout.stages.size(), 32u);
  EXPECT_EQ(layout.stages[30].mtpLayers, 1);
  EXPECT_TRUE(layout.stages[0].hasEmbedding);
  EXPECT_TRUE(layout.stages[31].hasLoss);
  EXPECT_EQ(parseLayoutString("Et*2|(tt|)*22t|(tt|)*7mL").stages.size(), 32u);
}

TEST(LayoutStringTest, EmptyStagesAreKept) {
  expectLayers("Et||tL", {1, 0, 1});
  expectLayers("Et|(tt|)*2|L", {1, 2, 2, 0, 0});
}

TEST(LayoutStringTest, RefusesOtherCharacters) {
  const std::string allowed =
      " is not part of a layout; allowed: E t m L | ( ) , and '*' with a count behind a token or a "
      "group";
  expectError("Et x|tL", "column 3: ' '" + allowed);
  expectError("Et|dL", "column 4: 'd'" + allowed);
  expectError("*3EtL", "column 1: '*'" + allowed);
  expectError("Et3L", "column 3: '3'" + allowed);
  expectError("Et*2*2L", "column 5: '*'" + allowed);
  expectError("Et\x01L", "column 3: byte 0x01" + allowed);
  expectError("Et-2L", "column 3: '-'" + allowed);
}

TEST(LayoutStringTest, RefusesGroups) {
  expectError("Et|(tt|", "column 4: '(' is not closed; a group is '(' tokens ')' '*' count");
  expectError("Et|((tt|)*2)*2L", "column 5: groups do not nest; '(' at column 4 is still open");
  expectError("Et)*2L", "column 3: ')' without a '('");
  expectError("Et()*2L", "column 3: the group is empty; it must hold at least one of E t m L |");
  expectError("E(tt|)L", "column 7: a group needs '*' and a count behind its ')'");
  expectError("E(tt|)", "column 7: a group needs '*' and a count behind its ')'");
}

TEST(LayoutStringTest, RefusesCounts) {
  expectError("Et*L", "column 4: '*' needs a count of at least 1 behind it");
  expectError("Et*", "column 4: '*' needs a count of at least 1 behind it");
  expectError("Et*-3L", "column 4: '*' needs a count of at least 1 behind it");
  expectError("Et*0L", "column 4: '*' needs a count of at least 1 behind it");
  expectError("Et*99999999999999999999999L", "column 27: the layout grows beyond 16384 tokens");
  expectError("E(tt|)*8192L", "column 12: the layout grows beyond 16384 tokens");
  expectError("E(t*4000|)*4000L", "column 16: the layout grows beyond 16384 tokens");
  expectError("E" + std::string(20000, 't') + "L",
              "column 16386: the layout grows beyond 16384 tokens");
}

TEST(LayoutStringTest, RefusesMisplacedTokens) {
  expectError("", "column 1: a layout begins with E, the embedding");
  expectError("tE|L", "column 1: a layout begins with E, the embedding");
  expectError("Et|EtL",
              "column 4: there is a second E; the embedding is held once, at the beginning");
  expectError("Et|L|t", "column 4: L, the loss, is not at the end");
  expectError("EtLL", "column 3: L, the loss, is not at the end");
  expectError("Et|tt", "column 5: a layout ends with L, the loss");
  expectError("Et|tL|", "column 5: L, the loss, is not at the end");
  expectError("Etm|tL", "column 5: t behind m; layers of multi-token prediction come last");
}

TEST(LayoutStringTest, PrintsShort) {
  for (const char *text :
       {"EL", "EtL", "Ett|ttL", "Et*3|(tt|)*29m|L", "Et|(t|)*3(tt|)*2t*5mmL", "E|(|)*2tL"})
    EXPECT_EQ(printLayoutString(parseLayoutString(text).stages), text);
  EXPECT_EQ(printLayoutString(parseLayoutString("Etttt|tttt|tttt|ttttL").stages),
            "Et*4|(t*4|)*2t*4L");
}

TEST(LayoutStringTest, WhatIsPrintedIsRead) {
  uint64_t state = 1;
  auto draw = [&](uint64_t limit) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<int64_t>((state >> 33) % limit);
  };
  for (int trial = 0; trial < 1000; ++trial) {
    std::vector<VirtualStage> stages(static_cast<size_t>(1 + draw(12)));
    for (VirtualStage &stage : stages)
      stage.layers = draw(5);
    stages.front().hasEmbedding = stages.back().hasLoss = true;
    stages.back().mtpLayers = draw(3);
    std::string text = printLayoutString(stages);
    LayoutString again = parseLayoutString(text);
    ASSERT_EQ(again.error, "") << text;
    ASSERT_TRUE(again.stages == stages) << text;
  }
}

} // namespace
