//===- BlockBuilder.h - writes the blocks of a model in primitive ops -*- C++ -*-===//

#ifndef DIALECTS_RANK_BLOCKBUILDER_H
#define DIALECTS_RANK_BLOCKBUILDER_H

#include "dialects/Rank/RankOps.h"

namespace mlir::rank {

/// What a rank has of a tensor that its group could share: all of it, or a part of the rows or
/// columns. Of experts, the group is that of their tensor parallelism.
enum class Part { Whole, Rows, Columns };

/// What all blocks of one stage share while they are expanded.
struct ModelShape {
  FloatType elementType;
  int64_t microBatch; // sequences
  int64_t sequence;   // tokens
  int64_t width;      // of the residual stream
  int64_t vocabulary;
  int64_t globalBatch; // sequences; the objective is a mean over them
  double normEpsilon;
  double initStd;
  // How many ranks share the tensors of a block, each sequence, the tensors of each expert.
  int64_t tp = 1, cp = 1, etp = 1;
  ContextKind contextKind = ContextKind::Ring;

  /// Tokens of a rank of which it has all ids, and all heads and widths that it has at all.
  int64_t tokens() const { return microBatch * tokensPerSequence(); }
  int64_t tokensPerSequence() const { return sequence / cp; }
  /// Rows of the residual stream: between blocks, ranks of a tensor group have different tokens.
  int64_t streamTokens() const { return microBatch * streamTokensPerSequence(); }
  int64_t streamTokensPerSequence() const { return sequence / (cp * tp); }
};

/// Appends primitive ops to a forward function and parameters to its program. A block reads
/// `stream`, [stream tokens, width], and leaves its result there.
class BlockBuilder {
public:
  BlockBuilder(ProgramOp program, FuncOp forward, const ModelShape &shape);

  /// The ops that follow belong to this layer and their parameters are named under it.
  void enterLayer(int64_t layer);
  /// The ops that follow belong to no layer; `scope` comes before the names of their blocks.
  void enterScope(StringRef scope);
  /// Parameters that follow are named under `name`.
  void enterBlock(StringRef name, Location loc);

  /// While it lives, the ops of a layer belong to a module, which is part of the open one.
  class Module {
  public:
    Module(BlockBuilder &builder, StringRef name)
        : path(builder.modulePath), outerLength(path.size()) {
      path += (path.empty() ? "" : ".") + name.str();
    }
    Module(const Module &) = delete;
    ~Module() { path.resize(outerLength); }

  private:
    std::string &path;
    size_t outerLength;
  };

  const ModelShape &shape() const { return modelShape; }
  OpBuilder &builder() { return opBuilder; }

  // Types.
  RankedTensorType floats(ArrayRef<int64_t> shape) const;
  /// Of statistics, losses and what routing goes by.
  RankedTensorType wideFloats(ArrayRef<int64_t> shape) const;
  RankedTensorType indices(ArrayRef<int64_t> shape) const;

  // Parameters, read where they are used. Sizes are those of the rank's part.
  Value matrix(StringRef name, int64_t rows, int64_t columns, Part part);
  Value expertMatrices(StringRef name, int64_t experts, int64_t rows, int64_t columns, Part part);
  Value normWeight(StringRef name, int64_t width);
  /// `part` is that of the matrix whose products it is added to; rows make no part of it.
  Value bias(StringRef name, int64_t width, Part part);
  Value expertBiases(StringRef name, int64_t experts, int64_t width);
  /// A bias of the router's choice, which load moves by `rate` per step.
  Value loadBias(StringRef name, int64_t experts, double rate);
  /// The table that the embedding, a tied head and the prediction of further tokens share.
  Value embeddingTable(int64_t vocabulary, int64_t width);

  // Primitives with the types that follow from their operands.
  Value matmul(Value lhs, Value rhs);
  /// Not rounded.
  Value wideMatmul(Value lhs, Value rhs);
  Value matmulTransposed(Value lhs, Value rhs);
  Value add(Value lhs, Value rhs);
  Value addBias(Value input, Value bias);
  Value scale(Value input, double factor);
  /// f(gate), or f(gate) * up; with sizes, over the rows that routing sent.
  Value activation(Value gate, Activation kind, double limit, Value up = {}, Value sizes = {},
                   IntegerAttr expectedRows = {});
  /// RMS norm over groups of the weight's length.
  Value rmsNorm(Value input, Value weight);
  Value constant(ArrayRef<int64_t> shape, double value);
  void objective(Value value, Term term, double scale);

  // Between the residual stream and what the ranks of a tensor group do together, each on its part
  // of the columns (Megatron-LM's sequence parallelism, Korthikanti et al. 2022). The same value
  // where tp is 1.
  /// [stream tokens, columns] to [tokens, columns].
  Value gatherTokens(Value rows);
  /// Each rank's summand, [tokens, columns], to the sum, [stream tokens, columns].
  Value scatterTokens(Value summand);

  /// Creates an op of the current block.
  template <typename Op, typename... Args>
  Op create(Args &&...args) {
    auto op = opBuilder.create<Op>(loc, std::forward<Args>(args)...);
    if (layer)
      op->setAttr(kLayerAttr, opBuilder.getI64IntegerAttr(*layer));
    if (layer && !modulePath.empty())
      op->setAttr(kModuleAttr, opBuilder.getStringAttr(modulePath));
    return op;
  }

  Value stream;  // [stream tokens, width]; null before the embedding
  Value tokens;  // [tokens] i32; null but on the first stage
  Value targets; // [tokens] i32; null but on the last stage

private:
  /// How a kind of parameter is created and updated.
  struct ParameterKind {
    Init init;
    double scale = 0;
    bool decay = false, expert = false;
    Update update = Update::Gradient;
    double updateRate = 0;
    std::optional<int64_t> split = std::nullopt; // the dimension that a group shares
  };
  Value parameter(StringRef name, RankedTensorType type, const ParameterKind &kind);
  Value weight(StringRef fullName, RankedTensorType type);
  std::optional<int64_t> split(Part part, int64_t rowDimension, int64_t ranks) const;

  ProgramOp program;
  ModelShape modelShape;
  OpBuilder opBuilder;
  OpBuilder parameterBuilder;
  Location loc;
  std::optional<int64_t> layer;
  std::string scope, prefix, modulePath;
};

} // namespace mlir::rank

#endif
