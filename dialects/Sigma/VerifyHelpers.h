//===- VerifyHelpers.h - checks that the verifiers share --------*- C++ -*-===//
//
// Every check names the field, what is allowed and what it got.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_SIGMA_VERIFYHELPERS_H
#define DIALECTS_SIGMA_VERIFYHELPERS_H

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Operation.h"
#include "mlir/IR/SymbolTable.h"

namespace mlir::sigma {

LogicalResult requirePositive(Operation *op, StringRef field, int64_t value);
LogicalResult requireNotNegative(Operation *op, StringRef field, int64_t value);
/// `low` and `high` are both allowed.
LogicalResult requireInRange(Operation *op, StringRef field, int64_t value, int64_t low,
                             int64_t high);

/// Far above every model there is; catches the mistake of a digit too many before sizes are
/// multiplied.
inline constexpr int64_t kMaxSize = 1 << 24;

/// A length, width or count: from 1 to kMaxSize.
LogicalResult requireSize(Operation *op, StringRef field, int64_t value);
/// Both sizes are legal by themselves; together they are one dimension of a matrix.
LogicalResult requireProductSize(Operation *op, StringRef field, int64_t value, StringRef other,
                                 int64_t otherValue);

LogicalResult requirePositive(Operation *op, StringRef field, double value);
LogicalResult requireNotNegative(Operation *op, StringRef field, double value);

/// A field that may be absent.
LogicalResult requireSize(Operation *op, StringRef field, std::optional<int64_t> value);
LogicalResult requirePositive(Operation *op, StringRef field, std::optional<double> value);

/// Looks a symbol up and fails with a note when it is something else.
template <typename OpT>
FailureOr<OpT> lookupSymbol(Operation *user, SymbolTableCollection &symbolTable,
                            FlatSymbolRefAttr name, StringRef field) {
  Operation *symbol = symbolTable.lookupNearestSymbolFrom(user, name);
  if (auto op = dyn_cast_or_null<OpT>(symbol))
    return op;
  InFlightDiagnostic diag = user->emitOpError()
                            << field << " " << name << " must name a " << OpT::getOperationName();
  if (!symbol)
    return diag << ", but there is no such symbol";
  diag << ", got: " << symbol->getName();
  diag.attachNote(symbol->getLoc()) << "the symbol is here";
  return diag;
}

} // namespace mlir::sigma

#endif // DIALECTS_SIGMA_VERIFYHELPERS_H
