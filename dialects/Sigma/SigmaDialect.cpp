//===- SigmaDialect.cpp - the sigma dialect -------------------------------===//

#include "dialects/Sigma/SigmaDialect.h"

#include "dialects/Sigma/SigmaAttrs.h"
#include "dialects/Sigma/SigmaOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::sigma;

#include "dialects/Sigma/SigmaDialect.cpp.inc"
#include "dialects/Sigma/SigmaEnums.cpp.inc"
#include "dialects/Sigma/SigmaInterfaces.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Sigma/SigmaAttrs.cpp.inc"

void SigmaDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Sigma/SigmaAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Sigma/SigmaOps.cpp.inc"
      >();
}
