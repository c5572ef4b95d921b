//===- CheckJson.h - a judgement as JSON -------------------------*- C++ -*-===//

#ifndef TOOLS_SIGMA_CHECKJSON_H
#define TOOLS_SIGMA_CHECKJSON_H

#include "planner/Planner.h"
#include "llvm/Support/JSON.h"

namespace sigma::driver {

/// Attributes of the object that `json` is in.
void writeAttributes(llvm::json::OStream &json, const planner::CheckResult &result);

} // namespace sigma::driver

#endif
