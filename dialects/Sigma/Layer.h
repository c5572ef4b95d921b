//===- Layer.h - one layer of a model ---------------------------*- C++ -*-===//

#ifndef DIALECTS_SIGMA_LAYER_H
#define DIALECTS_SIGMA_LAYER_H

#include "dialects/Sigma/SigmaInterfaces.h"

namespace mlir::sigma {

class MoeOp;

/// The two ops that say what a layer is. Many layers may be said by the same ops.
struct Layer {
  BlockOpInterface attention;
  BlockOpInterface feedForward;

  /// Null when the layer is dense.
  MoeOp getMoe();
  /// The same blocks, wherever they stand in the specification.
  bool isEquivalentTo(Layer other);
};

} // namespace mlir::sigma

#endif // DIALECTS_SIGMA_LAYER_H
