//===- Context.h - the MLIR context of a fuzzer -------------------*- C++ -*-===//

#ifndef TEST_FUZZ_CONTEXT_H
#define TEST_FUZZ_CONTEXT_H

#include "dialects/Rank/RankDialect.h"
#include "dialects/Sigma/SigmaDialect.h"
#include "mlir/IR/MLIRContext.h"
#include <memory>

namespace sigma::fuzz {

/// A context with this project's dialects. It keeps every attribute that it ever saw, so now and
/// then it is a new one; making one for each input would take longer than the input.
inline mlir::MLIRContext &freshContext() {
  static std::unique_ptr<mlir::MLIRContext> context;
  static int uses = 0;
  if (!context || ++uses == 1000) {
    uses = 0;
    context = std::make_unique<mlir::MLIRContext>(mlir::MLIRContext::Threading::DISABLED);
    context->loadDialect<mlir::sigma::SigmaDialect, mlir::rank::RankDialect>();
  }
  return *context;
}

} // namespace sigma::fuzz

#endif
