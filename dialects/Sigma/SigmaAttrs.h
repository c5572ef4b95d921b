//===- SigmaAttrs.h - enumerations and attributes of sigma ------*- C++ -*-===//

#ifndef DIALECTS_SIGMA_SIGMAATTRS_H
#define DIALECTS_SIGMA_SIGMAATTRS_H

#include "mlir/IR/Attributes.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/OpImplementation.h"

#include "dialects/Sigma/SigmaEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Sigma/SigmaAttrs.h.inc"

#endif // DIALECTS_SIGMA_SIGMAATTRS_H
