//===- FamilyParts.h - what rows of the table are made of ---------*- C++ -*-===//

#ifndef TOOLS_SIGMA_IMPORT_FAMILYPARTS_H
#define TOOLS_SIGMA_IMPORT_FAMILYPARTS_H

#include "tools/sigma/import/Family.h"

namespace sigma::config {

using mlir::sigma::Projection;

inline const llvm::SmallVector<Projection, 4> kQkv = {Projection::Query, Projection::Key,
                                                      Projection::Value};
inline const llvm::SmallVector<Projection, 4> kQkvo = {Projection::Query, Projection::Key,
                                                       Projection::Value, Projection::Output};
inline const Flag kAlways{{}, true};

inline Value boolean(bool value) {
  Value result;
  result.kind = Value::Kind::Boolean;
  result.boolean = value;
  return result;
}
inline Value number(double value) {
  Value result;
  result.kind = Value::Kind::Real;
  result.real = value;
  return result;
}
inline Value word(llvm::StringRef text) {
  Value result;
  result.kind = Value::Kind::String;
  result.text = text.str();
  return result;
}

// Dense architectures, of which some mixtures are variants (DenseFamilies.cpp).
Family llama();
Family mistral();
Family qwen2();
Family qwen3();
Family gpt2();
Family gemma();
Family gemma2();
Family gemma3();
Family granite();
Family ernie();
Family glm4();
Family olmo2();
Family phi3();
Family smolLm3();
Family starcoder2();
Family internLm2();
Family internLm3();
Family seedOss();
Family arcee();
Family nemotron();

} // namespace sigma::config

#endif
