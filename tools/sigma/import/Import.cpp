//===- Import.cpp - a Hugging Face configuration as sigma.model -----------===//

#include "tools/sigma/import/Import.h"
#include "mlir/IR/Verifier.h"
#include "tools/sigma/import/Checks.h"
#include "tools/sigma/import/ModelBuilder.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

using namespace sigma::config;
using namespace mlir::sigma;
using llvm::StringRef;
using llvm::Twine;

static constexpr int64_t kMaxLayers = 4096;
// With it, the parameters of the largest model of all other sizes are counted without overflow.
static constexpr int64_t kMaxTotalWidth = int64_t(1) << 32;

//===----------------------------------------------------------------------===//
// The architecture
//===----------------------------------------------------------------------===//

static std::string supportedArchitectures() {
  std::vector<StringRef> names;
  for (const Family &family : families())
    names.insert(names.end(), family.architectures.begin(), family.architectures.end());
  return llvm::join(names, ", ");
}

static const Family *findFamily(const std::vector<StringRef> Family::*names, StringRef name) {
  auto found = llvm::find_if(
      families(), [&](const Family &family) { return llvm::is_contained(family.*names, name); });
  return found == families().end() ? nullptr : &*found;
}

static const Family *refuseArchitecture(StringRef path, const Value &name,
                                        Diagnostics &diagnostics) {
  StringRef reason = reasonToRefuse(name.text);
  std::string message = (path + ": value " + name.spell() + (reason.empty() ? ": " : " ")).str();
  message += reason.empty() ? "unknown architecture"
                            : ("means " + reason + ", which sigma has no word for").str();
  diagnostics.error(name.offset, message + "; supported: " + supportedArchitectures());
  return nullptr;
}

/// The object that names the architecture: the file's own, or that of the text model where a
/// nested file was cut down to it.
static Scope findNames(const Value &root) {
  const Member *text = root.find("text_config");
  bool isNamed = root.find("architectures") || root.find("model_type");
  if (!isNamed && text && text->value.kind == Value::Kind::Object)
    return {&text->value, "$.text_config"};
  return {&root, "$"};
}

/// `architectures` says which class reads the file; `model_type` is a family name that may be
/// another's.
static const Family *chooseFamily(const Scope &scope, Diagnostics &diagnostics) {
  const Value &root = *scope.object;
  const std::string &path = scope.path;
  const Member *architectures = root.find("architectures"), *type = root.find("model_type");
  if (type && !type->value.isNull() && type->value.kind != Value::Kind::String) {
    diagnostics.error(type->offset,
                      path + ".model_type: value " + type->value.spell() + "; supported: a string");
    return nullptr;
  }
  const Family *ofType = type ? findFamily(&Family::modelTypes, type->value.text) : nullptr;
  if (architectures && !architectures->value.isNull()) {
    const Value &list = architectures->value;
    if (list.items.size() != 1 || list.items[0].kind != Value::Kind::String) {
      diagnostics.error(list.offset, path + ".architectures: value " + list.spell() +
                                         "; supported: a list of one class name");
      return nullptr;
    }
    const Family *family = findFamily(&Family::architectures, list.items[0].text);
    if (!family)
      return refuseArchitecture(path + ".architectures[0]", list.items[0], diagnostics);
    if (ofType && ofType != family)
      diagnostics.warning(type->offset, path + ".model_type: value " + type->value.spell() +
                                            " is of another architecture; taken is " + path +
                                            ".architectures[0], " + list.items[0].spell());
    return family;
  }
  if (ofType)
    return ofType;
  if (type && type->value.kind == Value::Kind::String)
    return refuseArchitecture(path + ".model_type", type->value, diagnostics);
  diagnostics.error(root.offset,
                    path + ".architectures: missing; supported: " + supportedArchitectures());
  return nullptr;
}

static std::vector<Scope> scopesOf(const Family &family, const Scope &names, const Value &root,
                                   Diagnostics &diagnostics) {
  std::vector<Scope> scopes;
  if (names.object != &root && !llvm::is_contained(family.scopes, "text_config"))
    scopes.push_back(names);
  for (StringRef name : family.scopes) {
    const Member *member = root.find(name);
    if (!member || member->value.isNull())
      continue;
    if (member->value.kind == Value::Kind::Object)
      scopes.push_back({&member->value, "$." + name.str()});
    else
      diagnostics.error(member->offset, "$." + name + ": value " + member->value.spell() +
                                            "; supported: an object");
  }
  scopes.push_back({&root, "$"});
  return scopes;
}

//===----------------------------------------------------------------------===//
// All of it
//===----------------------------------------------------------------------===//

/// Letters, digits and underscores; what a symbol needs no quotes for.
static std::string makeSymbol(StringRef name) {
  std::string symbol;
  for (char c : name)
    symbol += llvm::isAlnum(c) ? llvm::toLower(c) : '_';
  return symbol.empty() || llvm::isDigit(symbol[0]) ? "model_" + symbol : symbol;
}

/// The name that was asked for, or the file's own, unless it is every file's.
static std::string chooseName(const ImportOptions &options, const Value &root,
                              const Family &family) {
  if (!options.name.empty())
    return options.name;
  const Member *path = root.find("_name_or_path");
  if (path && !path->value.text.empty())
    return makeSymbol(StringRef(path->value.text).rsplit('/').second.empty()
                          ? StringRef(path->value.text)
                          : StringRef(path->value.text).rsplit('/').second);
  StringRef stem = llvm::sys::path::stem(options.file);
  if (stem != "config" && !stem.starts_with("<"))
    return makeSymbol(stem);
  return makeSymbol(family.modelTypes.front());
}

static int64_t readSequence(const ImportOptions &options, const Family &family, Fields &fields) {
  int64_t longest =
      fields.size("max_position_embeddings", family.learnedPositions ? 1024 : kDefaultSequence);
  int64_t chosen = std::min(longest, kDefaultSequence);
  if (options.sequence) {
    fields.skip("sigma_sequence", "--sequence says it");
    fields.derive("sigma_sequence", Twine(*options.sequence), "--sequence");
    chosen = *options.sequence;
  } else {
    chosen = fields.size("sigma_sequence", chosen, "max_position_embeddings, but at most 4096");
  }
  if (family.learnedPositions && chosen > longest)
    fields.refuse("max_position_embeddings", "at least the sequence (" + Twine(chosen) + ")");
  return chosen;
}

static int64_t readLayerCount(Fields &fields, int64_t width) {
  int64_t layers = fields.size("num_hidden_layers");
  if (layers > kMaxLayers)
    fields.refuse("num_hidden_layers", "an integer from 1 to " + Twine(kMaxLayers));
  else if (layers * width > kMaxTotalWidth)
    fields.refuse("num_hidden_layers", "layers whose widths are at most " + Twine(kMaxTotalWidth) +
                                           " together; one has " + Twine(width));
  return std::min(layers, kMaxLayers);
}

/// Null after an error.
static mlir::OwningOpRef<mlir::ModuleOp> buildModule(Reading &reading, StringRef name,
                                                     Diagnostics &diagnostics) {
  // What the verifiers find is the file's mistake, and stands in the file.
  mlir::ScopedDiagnosticHandler handler(
      reading.builder.getContext(), [&](mlir::Diagnostic &problem) {
        auto where = llvm::dyn_cast<mlir::FileLineColLoc>(problem.getLocation());
        diagnostics.error(where ? Place{where.getLine(), where.getColumn()} : Place{1, 1},
                          problem.str());
      });
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::ModuleOp::create(reading.location);
  buildModel(reading, name, *module);
  if (!diagnostics.failed())
    (void)mlir::verify(*module);
  return module;
}

std::optional<Imported> sigma::config::importConfig(StringRef text, const ImportOptions &options,
                                                    mlir::MLIRContext &context,
                                                    llvm::raw_ostream &out) {
  Diagnostics diagnostics(options.file, text, out);
  Value root;
  if (std::optional<JsonError> error = parseJson(text, root)) {
    diagnostics.error(error->offset, error->message);
    return std::nullopt;
  }
  if (root.kind != Value::Kind::Object) {
    diagnostics.error(root.offset, "$: value " + root.spell() + "; supported: an object");
    return std::nullopt;
  }
  Record record;
  Fields whole({{&root, "$"}}, record, diagnostics);
  refuseForeign(whole);
  Scope names = findNames(root);
  const Family *family = diagnostics.failed() ? nullptr : chooseFamily(names, diagnostics);
  if (!family)
    return std::nullopt;

  Fields fields(scopesOf(*family, names, root, diagnostics), record, diagnostics);
  refuseForeign(fields);
  mlir::Location location = mlir::FileLineColLoc::get(&context, options.file, 1, 1);
  int64_t width = fields.size("hidden_size"), layers = readLayerCount(fields, width);
  Reading reading{*family,
                  fields,
                  mlir::Builder(&context),
                  location,
                  width,
                  layers,
                  readSequence(options, *family, fields)};
  Imported result;
  result.module = buildModule(reading, chooseName(options, root, *family), diagnostics);
  checkFixedFields(*family, fields);
  if (!diagnostics.failed())
    result.ignored = checkUnread(*family, record, diagnostics);
  if (diagnostics.failed())
    return std::nullopt;
  const Member *named = names.object->find("architectures");
  result.architecture = named && !named->value.isNull() ? named->value.items.front().text
                                                        : family->architectures.front().str();
  result.origins = std::move(record.origins);
  return result;
}
