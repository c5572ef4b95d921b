//===- SigmaDialect.h - the sigma dialect -----------------------*- C++ -*-===//

#ifndef DIALECTS_SIGMA_SIGMADIALECT_H
#define DIALECTS_SIGMA_SIGMADIALECT_H

#include "mlir/IR/Dialect.h"

#include "dialects/Sigma/SigmaDialect.h.inc"

#endif // DIALECTS_SIGMA_SIGMADIALECT_H
