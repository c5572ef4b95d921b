//===- SigmaOps.h - ops of the sigma dialect --------------------*- C++ -*-===//

#ifndef DIALECTS_SIGMA_SIGMAOPS_H
#define DIALECTS_SIGMA_SIGMAOPS_H

#include "dialects/Sigma/Layer.h"
#include "dialects/Sigma/Presets.h"
#include "dialects/Sigma/SigmaAttrs.h"
#include "dialects/Sigma/SigmaDialect.h"
#include "dialects/Sigma/SigmaInterfaces.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"

namespace mlir::sigma {
// Ops name each other in their helper methods.
class AcceleratorOp;
class AdamWOp;
class AttentionOp;
class EmbeddingOp;
class FailuresOp;
class HeadOp;
class JobOp;
class MtpOp;
class NoiseOp;
class RepeatOp;
class SlowNodeOp;
class StageOp;
class TierOp;
} // namespace mlir::sigma

#define GET_OP_CLASSES
#include "dialects/Sigma/SigmaOps.h.inc"

namespace mlir::sigma {
/// The peaks that a job of this precision computes at.
ArrayRef<Precision> peaksOf(Precision recipe);
int64_t peakOf(const AcceleratorFigures &figures, Precision format);
/// Whether the end of the model reads the embedding's table, too.
bool sharesEmbedding(ModelOp model);
} // namespace mlir::sigma

#endif // DIALECTS_SIGMA_SIGMAOPS_H
