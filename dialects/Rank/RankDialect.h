//===- RankDialect.h - the rank dialect, its attributes and types -*- C++ -*-===//

#ifndef DIALECTS_RANK_RANKDIALECT_H
#define DIALECTS_RANK_RANKDIALECT_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"

#include "dialects/Rank/RankDialect.h.inc"
#include "dialects/Rank/RankEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Rank/RankAttrs.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Rank/RankTypes.h.inc"

#endif
