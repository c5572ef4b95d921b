//===- ExpandParts.cpp - norms and residual sums in primitive ops ---------===//

#include "dialects/Sigma/ExpandParts.h"

using namespace mlir;
using namespace mlir::sigma;
using rank::BlockBuilder;

Value sigma::expandNorm(BlockBuilder &b, ModelOp model, Value input, StringRef name) {
  BlockBuilder::Module module(b, "layernorm");
  int64_t width = b.shape().width;
  if (model.getNorm() == Norm::Rms)
    return b.rmsNorm(input, b.normWeight(name, width));
  // The variance is the mean square of what is left without the mean.
  Value centered = b.create<rank::CenterOp>(input);
  Value normed = b.rmsNorm(centered, b.normWeight(name, width));
  if (model.getNorm() == Norm::LayerNoBias)
    return normed;
  return b.addBias(normed, b.bias((name + "_bias").str(), width, rank::Part::Whole));
}

Value sigma::enterBranch(BlockBuilder &b, ModelOp model) {
  NormPlacement placement = model.getNormPlacement();
  if (placement == NormPlacement::Post || placement == NormPlacement::Output)
    return b.stream;
  return expandNorm(b, model, b.stream, "norm");
}

void sigma::leaveBranch(BlockBuilder &b, ModelOp model, Value result) {
  NormPlacement placement = model.getNormPlacement();
  if (placement == NormPlacement::Sandwich || placement == NormPlacement::Output)
    result = expandNorm(b, model, result, "output_norm");
  if (std::optional<double> scale = model.getResidualScale())
    result = b.scale(result, *scale);
  b.stream = b.add(b.stream, result);
  if (placement == NormPlacement::Post)
    b.stream = expandNorm(b, model, b.stream, "norm");
}
