//===- Choices.h - what a job pins and forbids ------------------*- C++ -*-===//
//
// A plan chooses sizes (degrees of parallelism, ZeRO stages, the micro-batch), a schedule and
// rematerialization modes. A job pins a choice to one value, or forbids some of its values:
//
//   pin {tp = 1, schedule = interleaved} forbid {ep = [16, 32]}
//
// Pins are kept as a dictionary from the choice to its value, forbids as one to the list of values.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_SIGMA_CHOICES_H
#define DIALECTS_SIGMA_CHOICES_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/OpImplementation.h"

namespace mlir::sigma::choices {

/// The sizes that a plan chooses, in the order of printing.
ArrayRef<StringRef> sizeNames();
/// Whether a size is a ZeRO stage, from 0 to 3; any other is positive.
bool isZeroStage(StringRef size);
/// Whether a size is a degree of parallelism: what such pins say holds for one number of devices.
bool isDegree(StringRef size);
inline constexpr llvm::StringLiteral kSchedule = "schedule";
/// The choice of rematerialization.
inline constexpr llvm::StringLiteral kRemat = "remat";

ParseResult parsePins(OpAsmParser &parser, DictionaryAttr &pins);
void printPins(OpAsmPrinter &printer, DictionaryAttr pins);
ParseResult parseForbids(OpAsmParser &parser, DictionaryAttr &forbids);
void printForbids(OpAsmPrinter &printer, DictionaryAttr forbids);

/// Either dictionary may be null.
LogicalResult verify(Operation *job, DictionaryAttr pins, DictionaryAttr forbids);

} // namespace mlir::sigma::choices

#endif // DIALECTS_SIGMA_CHOICES_H
