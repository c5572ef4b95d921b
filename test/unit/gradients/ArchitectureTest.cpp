//===- ArchitectureTest.cpp - programs of shrunken published models -------===//

#include "GradientCheck.h"
#include "dialects/Rank/RankDialect.h"
#include "dialects/Sigma/Counts.h"
#include "dialects/Sigma/SigmaDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

using namespace sigma::test;

static const char kMark[] = "sigma.model @";

namespace {
/// The name of a model, and a specification of it alone.
struct Architecture {
  std::string name, spec;
};

void PrintTo(const Architecture &architecture, std::ostream *stream) { *stream << architecture.name; }
} // namespace

static std::vector<Architecture> architectures() {
  std::ifstream file(SIGMA_TEST_INPUTS "/architectures.mlir");
  std::stringstream stream;
  stream << file.rdbuf();
  const std::string text = stream.str(), mark = kMark;
  size_t begin = text.find(mark);
  const std::string cluster = text.substr(0, begin);
  std::vector<Architecture> all;
  while (begin != std::string::npos) {
    const size_t end = text.find(mark, begin + 1), name = begin + mark.size();
    all.push_back({text.substr(name, text.find(' ', name) - name), cluster + text.substr(begin, end - begin)});
    begin = end;
  }
  return all;
}

/// What the ops say, without blocks for further tokens.
static int64_t countOf(const Architecture &architecture) {
  mlir::MLIRContext context;
  context.loadDialect<mlir::sigma::SigmaDialect, mlir::rank::RankDialect>();
  auto module = mlir::parseSourceString<mlir::ModuleOp>(architecture.spec, &context);
  return mlir::sigma::countParameters(*module->getOps<mlir::sigma::ModelOp>().begin()).all.total;
}

namespace {
class ShrunkenArchitecture : public testing::TestWithParam<Architecture> {
protected:
  void SetUp() override {
    program = CompiledProgram::compile(GetParam().spec, "sigma-compile{precision=f64}");
    ASSERT_TRUE(program);
    for (size_t i = 0; i < program->tokens.size(); ++i) {
      program->tokens[i] = i * 37 % 256;
      program->targets[i] = (i + 1) * 37 % 256;
    }
    program->fill(/*seed=*/5);
  }

  std::unique_ptr<CompiledProgram> program;
};
} // namespace

TEST_P(ShrunkenArchitecture, HoldsTheParametersThatItsOpsSay) {
  int64_t further = 0;
  for (const Parameter &parameter : program->parameters)
    if (parameter.name.rfind("mtp.", 0) == 0)
      further += parameter.elements;
  // The selection bias of a block for further tokens has no gradient.
  if (GetParam().name == "deepseek_v3")
    further += 8;
  EXPECT_EQ(program->allocatedParameters - further, countOf(GetParam()));
}

TEST_P(ShrunkenArchitecture, HasTheGradientOfDifferences) {
  constexpr int64_t kEntries = 5; // of each parameter
  for (Parameter &parameter : program->parameters)
    for (int64_t i = 0; i < parameter.elements; ++i)
      parameter.value[i] *= 0.5;
  Gradients derived = sampled(derivedGradients(*program), kEntries), expected = differences(*program, kEntries);
  EXPECT_TRUE(matters(expected));
  EXPECT_EQ(mismatches(*program, derived, expected), "");
}

INSTANTIATE_TEST_SUITE_P(Published, ShrunkenArchitecture, testing::ValuesIn(architectures()),
                         [](const auto &info) { return info.param.name; });
