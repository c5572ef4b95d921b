//===- Concepts.h - the parts of a model, read and written --------*- C++ -*-===//
//
// Each part is read from the fields of a configuration and written to one in the same file. Writing
// need not check that the family can say the part: what is exported is imported again and compared.

#ifndef TOOLS_SIGMA_IMPORT_CONCEPTS_H
#define TOOLS_SIGMA_IMPORT_CONCEPTS_H

#include "dialects/Sigma/SigmaOps.h"
#include "tools/sigma/import/Family.h"
#include <nlohmann/json.hpp>

namespace sigma::config {

/// What the parts of a model need to know of the whole.
struct Reading {
  const Family &family;
  Fields &fields;
  mlir::Builder builder;
  mlir::Location location;
  int64_t width, layers, sequence;
};

/// One op of a layer, before there is an op.
struct Block {
  llvm::StringRef name;
  mlir::DictionaryAttr attributes;

  bool operator==(const Block &other) const {
    return name == other.name && attributes == other.attributes;
  }
};

/// Attributes by the name that the op gives them.
class Attributes {
public:
  explicit Attributes(mlir::Builder &builder) : builder(builder) {}
  void size(llvm::StringRef name, std::optional<int64_t> value) {
    if (value)
      list.set(name, builder.getI64IntegerAttr(*value));
  }
  void real(llvm::StringRef name, std::optional<double> value) {
    if (value && *value != 0)
      list.set(name, builder.getF64FloatAttr(*value));
  }
  void attr(llvm::StringRef name, mlir::Attribute value) {
    if (value)
      list.set(name, value);
  }
  void unitIf(llvm::StringRef name, bool value) {
    if (value)
      list.set(name, builder.getUnitAttr());
  }
  mlir::DictionaryAttr get() const { return list.getDictionary(builder.getContext()); }

private:
  mlir::Builder &builder;
  mlir::NamedAttrList list;
};
/// Writes fields under the names that the family gives them.
class ConfigWriter {
public:
  explicit ConfigWriter(const Family &family) : family(family) {}
  void set(llvm::StringRef key, nlohmann::json value);
  /// Nothing for an empty key.
  void setIfNamed(llvm::StringRef key, nlohmann::json value) {
    if (!key.empty())
      set(key, std::move(value));
  }
  nlohmann::json take() { return std::move(root); }

  const Family &family;

private:
  nlohmann::json root = nlohmann::json::object();
};

// Rope.cpp. Null when the architecture does not rotate.
mlir::sigma::RopeAttr readRope(Reading &reading, int64_t headWidth);
/// The rotation in layers with a window.
mlir::sigma::RopeAttr readLocalRope(Reading &reading, mlir::sigma::RopeAttr rope);
void writeRope(mlir::sigma::RopeAttr rope, int64_t headWidth, ConfigWriter &writer);

// Attention.cpp
std::vector<Block> readAttention(Reading &reading);
void writeAttention(llvm::ArrayRef<mlir::sigma::Layer> layers, ConfigWriter &writer);

// MoeLayers.cpp: which layers are Mixtures of Experts.
std::vector<bool> readMoeLayers(Reading &reading);
void writeMoeLayers(const std::vector<bool> &isMoe, ConfigWriter &writer);

// FeedForward.cpp
std::vector<Block> readFeedForward(Reading &reading);
void writeFeedForward(llvm::ArrayRef<mlir::sigma::Layer> layers, ConfigWriter &writer);

} // namespace sigma::config

#endif
