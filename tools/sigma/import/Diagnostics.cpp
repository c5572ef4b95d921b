//===- Diagnostics.cpp - messages about a configuration -------------------===//

#include "tools/sigma/import/Diagnostics.h"
#include "llvm/Support/Format.h"

using namespace sigma::config;

// A damaged file has a handful of causes; what follows them is noise.
static constexpr int kMaxErrors = 20;

Place Diagnostics::place(size_t offset) const {
  llvm::StringRef before = text.take_front(offset);
  size_t lineStart = before.rfind('\n') + 1; // npos + 1 is 0
  return {unsigned(before.count('\n') + 1), unsigned(before.size() - lineStart + 1)};
}

std::string sigma::config::printable(llvm::StringRef text) {
  std::string result;
  llvm::raw_string_ostream out(result);
  for (unsigned char byte : text)
    if (byte < 0x20 || byte >= 0x7f)
      out << "\\x" << llvm::format_hex_no_prefix(byte, 2);
    else
      out << char(byte);
  return result;
}

void Diagnostics::print(Place place, llvm::StringRef severity, const llvm::Twine &message) {
  out << name << ":" << place.line << ":" << place.column << ": " << severity << ": "
      << printable(message.str()) << "\n";
}

void Diagnostics::error(Place place, const llvm::Twine &message) {
  if (++errors <= kMaxErrors)
    print(place, "error", message);
}

void Diagnostics::warning(size_t offset, const llvm::Twine &message) {
  print(place(offset), "warning", message);
}
