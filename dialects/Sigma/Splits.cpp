//===- Splits.cpp - what of each block can be split over ranks ------------===//

#include "dialects/Sigma/Splits.h"

#include "dialects/Sigma/SigmaOps.h"
#include <numeric>

using namespace mlir;
using namespace mlir::sigma;

Splits Splits::operator&(const Splits &other) const {
  return {std::gcd(tensor, other.tensor), std::gcd(expertTensor, other.expertTensor),
          std::gcd(heads, other.heads), context && other.context};
}

Splits EmbeddingOp::getSplits() { return {/*tensor=*/getVocabulary()}; }

/// A norm over all heads together needs all of them on one rank. What a token sees is known for
/// whole sequences only where it is all that came before.
Splits AttentionOp::getSplits() {
  int64_t heads = std::gcd(getHeads(), getKvHeads());
  bool together = getQkNorm() == QkNorm::FullWidth;
  bool seesAll = !getWindow() && !getChunk() && !getSinks();
  return {/*tensor=*/together ? 1 : heads, /*expertTensor=*/0, heads, /*context=*/seesAll};
}

Splits LatentAttentionOp::getSplits() {
  return {/*tensor=*/getHeads(), /*expertTensor=*/0, /*heads=*/getHeads(), /*context=*/true};
}

Splits MlpOp::getSplits() { return {/*tensor=*/getWidth()}; }

/// The bias of an expert's result would be added once on each rank that has a part of the expert.
Splits MoeOp::getSplits() {
  return {/*tensor=*/getSharedWidth(), /*expertTensor=*/getBias() ? 1 : getWidth()};
}

/// Further tokens need the target of the next token, which another share of the sequence may hold.
Splits HeadOp::getSplits() {
  auto model = (*this)->getParentOfType<ModelOp>();
  Splits splits{/*tensor=*/model.getEmbedding().getVocabulary()};
  splits.context = !model.getMtp();
  return splits;
}

Splits ModelOp::getSplits() {
  Splits splits;
  walk([&](BlockOpInterface block) { splits = splits & block.getSplits(); });
  return splits;
}
