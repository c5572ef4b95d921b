//===- Gradient.h - what a reverse-mode rule works with -----------*- C++ -*-===//

#ifndef DIALECTS_RANK_GRADIENT_H
#define DIALECTS_RANK_GRADIENT_H

#include "mlir/IR/Builders.h"

namespace mlir::rank {

/// The backward function under construction, as one op's rule sees it.
class GradientContext {
public:
  virtual ~GradientContext() = default;

  /// Where the rule's ops go.
  virtual OpBuilder &builder() = 0;

  /// The value in backward that equals `forward`: kept from forward, read again if it is a weight
  /// or constant, or made again if its op says so.
  virtual Value primal(Value forward) = 0;

  /// The gradient of a forward value so far; null when nothing that matters depends on it.
  virtual Value gradient(Value forward) = 0;

  /// Whether anything trained depends on the gradient of `forward`; a rule may skip those that do
  /// not.
  virtual bool needsGradient(Value forward) = 0;

  /// Adds `gradient` to that of `forward`; for a weight, to the parameter's gradient.
  virtual void accumulate(Value forward, Value gradient) = 0;
};

} // namespace mlir::rank

#endif
