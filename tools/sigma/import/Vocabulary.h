//===- Vocabulary.h - what keys of configurations mean ------------*- C++ -*-===//

#ifndef TOOLS_SIGMA_IMPORT_VOCABULARY_H
#define TOOLS_SIGMA_IMPORT_VOCABULARY_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace sigma::config {

/// All names under which configurations hold what sigma calls `key`, that name first.
llvm::ArrayRef<llvm::StringRef> namesOf(const llvm::StringRef &key);

/// Keys about tokens, generation, number formats, dropout, and the training of others.
bool isIrrelevant(llvm::StringRef key);

/// Whether the name of a key that nobody knows speaks of a part of a transformer.
bool soundsArchitectural(llvm::StringRef key);

} // namespace sigma::config

#endif
