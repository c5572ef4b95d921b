//===- Diagnostics.h - messages about a configuration -------------*- C++ -*-===//

#ifndef TOOLS_SIGMA_IMPORT_DIAGNOSTICS_H
#define TOOLS_SIGMA_IMPORT_DIAGNOSTICS_H

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/raw_ostream.h"
#include <string>

namespace sigma::config {

/// Bytes that no terminal or comment should see become \xNN.
std::string printable(llvm::StringRef text);

/// A place in a text, both from 1.
struct Place {
  unsigned line, column;
};

/// Prints `file:line:column: error: …` and remembers that it did.
class Diagnostics {
public:
  Diagnostics(llvm::StringRef file, llvm::StringRef text, llvm::raw_ostream &out)
      : name(file), text(text), out(out) {}

  void error(Place place, const llvm::Twine &message);
  void error(size_t offset, const llvm::Twine &message) { error(place(offset), message); }
  void warning(size_t offset, const llvm::Twine &message);

  bool failed() const { return errors != 0; }
  llvm::StringRef file() const { return name; }
  Place place(size_t offset) const;

private:
  void print(Place place, llvm::StringRef severity, const llvm::Twine &message);

  std::string name;
  llvm::StringRef text;
  llvm::raw_ostream &out;
  int errors = 0;
};

} // namespace sigma::config

#endif
