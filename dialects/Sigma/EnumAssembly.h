//===- EnumAssembly.h - enumerations as bare words --------------*- C++ -*-===//

#ifndef DIALECTS_SIGMA_ENUMASSEMBLY_H
#define DIALECTS_SIGMA_ENUMASSEMBLY_H

#include "dialects/Sigma/SigmaAttrs.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/ADT/StringExtras.h"
#include <string>

namespace mlir::sigma {

/// All spellings of an enumeration, in order. Cases are numbered from 0.
template <typename EnumT>
SmallVector<StringRef> enumSpellings() {
  SmallVector<StringRef> spellings;
  for (uint32_t i = 0;; ++i) {
    StringRef spelling = stringifyEnum(static_cast<EnumT>(i));
    if (spelling.empty())
      return spellings;
    spellings.push_back(spelling);
  }
}

/// Parses an enumeration as its bare keyword, or as a string where the spelling is no keyword.
template <typename AttrT>
ParseResult parseEnum(AsmParser &parser, AttrT &attr) {
  using EnumT = decltype(attr.getValue());
  std::string keyword;
  SMLoc loc = parser.getCurrentLocation();
  bool found = succeeded(parser.parseOptionalKeywordOrString(&keyword));
  std::optional<EnumT> value;
  if (found)
    value = symbolizeEnum<EnumT>(keyword);
  if (!value) {
    InFlightDiagnostic diag = parser.emitError(loc)
                              << "expected " << AttrT::getMnemonic() << " to be one of "
                              << llvm::join(enumSpellings<EnumT>(), ", ");
    return found ? diag << "; got: " << keyword : diag;
  }
  attr = AttrT::get(parser.getContext(), *value);
  return success();
}

} // namespace mlir::sigma

#endif // DIALECTS_SIGMA_ENUMASSEMBLY_H
