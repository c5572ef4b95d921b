//===- Json.h - JSON values that know where they stand ------------*- C++ -*-===//

#ifndef TOOLS_SIGMA_IMPORT_JSON_H
#define TOOLS_SIGMA_IMPORT_JSON_H

#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>
#include <vector>

namespace sigma::config {

struct Member;

struct Value {
  enum class Kind { Null, Boolean, Integer, Real, String, List, Object };

  Kind kind = Kind::Null;
  size_t offset = 0; // of its first byte in the text
  bool boolean = false;
  int64_t integer = 0;
  double real = 0; // of integers, too
  std::string text;
  std::vector<Value> items;
  std::vector<Member> members;

  bool isNull() const { return kind == Kind::Null; }
  bool isNumber() const { return kind == Kind::Integer || kind == Kind::Real; }
  /// Null when the object has no such key, or this is no object.
  const Member *find(llvm::StringRef key) const;
  /// How messages show it: scalars as they are, what is long by its kind.
  std::string spell() const;
  /// The same value, an integer and a real number of equal value included.
  bool operator==(const Value &other) const;
};

struct Member {
  std::string key;
  size_t offset; // of the key
  Value value;

  bool operator==(const Member &other) const { return key == other.key && value == other.value; }
};

struct JsonError {
  size_t offset;
  std::string message;
};

/// Reads a text of one value. Refused are, besides what is no JSON: keys that an object has twice,
/// numbers that are not finite, nesting and texts beyond any configuration.
std::optional<JsonError> parseJson(llvm::StringRef text, Value &root);

} // namespace sigma::config

#endif
