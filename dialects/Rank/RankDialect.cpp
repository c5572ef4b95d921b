//===- RankDialect.cpp - the rank dialect, its attributes and types -------===//

#include "dialects/Rank/RankDialect.h"
#include "dialects/Rank/RankOps.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::rank;

#include "dialects/Rank/RankDialect.cpp.inc"
#include "dialects/Rank/RankEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Rank/RankAttrs.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Rank/RankTypes.cpp.inc"

void RankDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Rank/RankAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Rank/RankTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Rank/RankOps.cpp.inc"
      >();
}
