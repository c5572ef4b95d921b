//===- SigmaInterfaces.h - op interfaces of the sigma dialect ---*- C++ -*-===//

#ifndef DIALECTS_SIGMA_SIGMAINTERFACES_H
#define DIALECTS_SIGMA_SIGMAINTERFACES_H

#include "dialects/Sigma/Splits.h"
#include "mlir/IR/OpDefinition.h"

namespace mlir::rank {
class BlockBuilder;
} // namespace mlir::rank

#include "dialects/Sigma/SigmaInterfaces.h.inc"

#endif // DIALECTS_SIGMA_SIGMAINTERFACES_H
