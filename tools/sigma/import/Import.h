//===- Import.h - a Hugging Face configuration as sigma.model -----*- C++ -*-===//

#ifndef TOOLS_SIGMA_IMPORT_IMPORT_H
#define TOOLS_SIGMA_IMPORT_IMPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "tools/sigma/import/Fields.h"

namespace sigma::config {

/// Training beyond this length is a decision, not a default.
inline constexpr int64_t kDefaultSequence = 4096;

struct ImportOptions {
  std::string file;                // as messages name it
  std::optional<int64_t> sequence; // instead of what the file says
  std::string name;                // of the model; empty: from the file
};

struct Imported {
  mlir::OwningOpRef<mlir::ModuleOp> module; // one sigma.model
  std::string architecture;
  std::vector<Origin> origins;      // in the order of reading
  std::vector<std::string> ignored; // paths of keys that say nothing about the architecture
};

/// Messages go to `out`; none when there was an error. The context has the sigma dialect loaded.
std::optional<Imported> importConfig(llvm::StringRef text, const ImportOptions &options,
                                     mlir::MLIRContext &context, llvm::raw_ostream &out);

} // namespace sigma::config

#endif
