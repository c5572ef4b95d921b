//===- Export.h - sigma.model as a Hugging Face configuration -----*- C++ -*-===//

#ifndef TOOLS_SIGMA_IMPORT_EXPORT_H
#define TOOLS_SIGMA_IMPORT_EXPORT_H

#include "dialects/Sigma/SigmaOps.h"
#include <optional>
#include <string>

namespace sigma::config {

/// A configuration that imports to the same model, of the first architecture that can say it. None,
/// after an error at the op that no architecture can say.
std::optional<std::string> exportConfig(mlir::sigma::ModelOp model);

} // namespace sigma::config

#endif
