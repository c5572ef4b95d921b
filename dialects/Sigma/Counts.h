//===- Counts.h - how many parameters a model has ---------------*- C++ -*-===//

#ifndef DIALECTS_SIGMA_COUNTS_H
#define DIALECTS_SIGMA_COUNTS_H

#include "dialects/Sigma/SigmaOps.h"

namespace mlir::sigma {

/// Parameters of a model or of a part of it. A token meets the active ones: of the experts, those
/// that it is sent to.
struct ParameterCount {
  int64_t total = 0;
  int64_t active = 0;
};

struct ModelCounts {
  ParameterCount all;
  ParameterCount withoutEmbedding;        // without the tables of tokens and of learned positions
  ParameterCount withoutEmbeddingAndHead; // without the projection to the vocabulary, too
};

/// Counts what the blocks expand to, one layer of each kind. Blocks for further tokens
/// (`sigma.mtp`) do not count; a tied table counts as the embedding.
ModelCounts countParameters(ModelOp model);

} // namespace mlir::sigma

#endif // DIALECTS_SIGMA_COUNTS_H
