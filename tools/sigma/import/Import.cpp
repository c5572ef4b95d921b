//===- Import.cpp - a Hugging Face configuration as sigma.model -----------===//

#include "tools/sigma/import/Import.h"
#include "mlir/IR/Verifier.h"
#include "tools/sigma/import/Concepts.h"
#include "tools/sigma/import/Vocabulary.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"
#include <cmath>

using namespace sigma::config;
using namespace mlir::sigma;
using llvm::StringRef;
using llvm::Twine;

static constexpr int64_t kMaxLayers = 4096;

//===----------------------------------------------------------------------===//
// What is refused whatever the architecture
//===----------------------------------------------------------------------===//

namespace {
/// A key that announces what sigma has no word for.
struct ForeignFeature {
  StringRef key, feature;
};
} // namespace

/// Keys of some files that say what all these architectures do.
static bool isCommonplace(StringRef key, const Value &value) {
  static const StringRef flags[] = {"use_rmsnorm", "use_rotary_pos_emb", "use_causal_mask"};
  return llvm::is_contained(flags, key) && value.boolean;
}

static bool isNeutral(const Value &value) {
  switch (value.kind) {
  case Value::Kind::Null:
    return true;
  case Value::Kind::Boolean:
    return !value.boolean;
  case Value::Kind::Integer:
  case Value::Kind::Real:
    return value.real == 0;
  case Value::Kind::String:
    return value.text.empty();
  case Value::Kind::List:
    return value.items.empty();
  case Value::Kind::Object:
    return value.members.empty();
  }
  llvm_unreachable("no such kind");
}

static const ForeignFeature *findForeign(Fields &fields) {
  static const ForeignFeature all[] = {
      {"attn_layer_period", "Mamba layers"},
      {"mamba_d_state", "Mamba layers"},
      {"ssm_cfg", "Mamba layers"},
      {"ssm_state_size", "Mamba layers"},
      {"hybrid_override_pattern", "Mamba layers"},
      {"linear_num_key_heads", "linear attention layers"},
      {"linear_attn_config", "linear attention layers"},
      {"use_cla", "layers that share keys and values"},
      {"num_kv_shared_layers", "layers that share keys and values"},
      {"remove_tail_layer", "layers that are removed"},
      {"index_topk", "indexers that make attention sparse"},
      {"is_encoder_decoder", "encoder layers"}};
  for (const ForeignFeature &feature : all)
    if (const Value *value = fields.peek(feature.key); value && !isNeutral(*value))
      return &feature;
  return nullptr;
}

/// MiniMax writes 1 for softmax attention and 0 for linear attention.
static bool hasLinearLayers(Fields &fields) {
  const Value *types = fields.peek("attn_type_list");
  return types && llvm::any_of(types->items, [](const Value &type) {
           return !type.isNumber() || type.real != 1;
         });
}

static void refuseForeign(Fields &fields) {
  if (const ForeignFeature *feature = findForeign(fields))
    fields.refuseFeature(feature->key, feature->feature);
  else if (hasLinearLayers(fields))
    fields.refuseFeature("attn_type_list", "linear attention layers");
}

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
  std::string message = (path + ": value " + name.spell() + ": ").str();
  message += reason.empty() ? "unknown architecture" : (reason + " are not supported").str();
  diagnostics.error(name.offset, message + "; supported: " + supportedArchitectures());
  return nullptr;
}

/// `architectures` says which class reads the file; `model_type` is a family name that may be
/// another's.
static const Family *chooseFamily(const Value &root, Diagnostics &diagnostics) {
  const Member *architectures = root.find("architectures"), *type = root.find("model_type");
  const Family *ofType = type ? findFamily(&Family::modelTypes, type->value.text) : nullptr;
  if (architectures && !architectures->value.isNull()) {
    const Value &list = architectures->value;
    if (list.items.size() != 1 || list.items[0].kind != Value::Kind::String) {
      diagnostics.error(list.offset, "$.architectures: value " + list.spell() +
                                         "; supported: a list of one class name");
      return nullptr;
    }
    const Family *family = findFamily(&Family::architectures, list.items[0].text);
    if (!family)
      return refuseArchitecture("$.architectures[0]", list.items[0], diagnostics);
    if (ofType && ofType != family)
      diagnostics.warning(type->offset,
                          "$.model_type: value " + type->value.spell() +
                              " is of another architecture; taken is $.architectures[0], " +
                              list.items[0].spell());
    return family;
  }
  if (ofType)
    return ofType;
  if (type && type->value.kind == Value::Kind::String)
    return refuseArchitecture("$.model_type", type->value, diagnostics);
  diagnostics.error(root.offset,
                    "$.architectures: missing; supported: " + supportedArchitectures());
  return nullptr;
}

static std::vector<Scope> scopesOf(const Family &family, const Value &root,
                                   Diagnostics &diagnostics) {
  std::vector<Scope> scopes;
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
// Keys that nobody read
//===----------------------------------------------------------------------===//

namespace {
/// Sorts what was not read into harmless, doubtful and wrong.
class UnreadKeys {
public:
  UnreadKeys(const Family &family, const Record &record, Diagnostics &diagnostics)
      : family(family), record(record), diagnostics(diagnostics) {}

  std::vector<std::string> ignored;

  void check(const Scope &scope) {
    for (const Member &member : scope.object->members)
      if (!record.read.contains(&member.value))
        checkMember(scope, member);
  }

private:
  void checkMember(const Scope &scope, const Member &member) {
    std::string path = scope.path + "." + member.key;
    if (llvm::is_contained(family.scopes, member.key))
      return;
    if (member.key == "vision_config" || member.key == "audio_config")
      diagnostics.warning(member.offset,
                          path + ": not imported; the model is the text model alone");
    else if (isNeutral(member.value) || isCommonplace(member.key, member.value) ||
             llvm::is_contained(family.unused, member.key) || isIrrelevant(member.key))
      ignored.push_back(path);
    else if (isWithinField(scope) || soundsArchitectural(member.key))
      diagnostics.error(member.offset,
                        path + ": value " + member.value.spell() +
                            ", which may change the architecture, means nothing in " +
                            family.architectures.front() +
                            "; supported: null, or a file without it");
    else
      diagnostics.warning(member.offset,
                          path + ": value " + member.value.spell() +
                              " is not read: unknown, and not taken for a part of the "
                              "architecture");
  }

  /// Inside an object like `rope_scaling` every key is part of what it says.
  bool isWithinField(const Scope &scope) const {
    return scope.path != "$" &&
           !llvm::is_contained(family.scopes, StringRef(scope.path).drop_front(2));
  }

  const Family &family;
  const Record &record;
  Diagnostics &diagnostics;
};
} // namespace

/// What the architecture has at one value only, and what it has that sigma says otherwise.
static void checkFixedFields(const Family &family, Fields &fields) {
  for (const OnlyValue &only : family.only) {
    const Value *value = fields.peek(only.key);
    if (value && !(*value == only.value))
      fields.refuse(only.key, only.value.spell() + "; others mean " + only.reason +
                                  ", which sigma has no word for");
    fields.skip(only.key, "the only value that is supported");
  }
  for (const Approximation &approximation : family.approximations)
    if (approximation.when.key.empty() || fields.has(approximation.when.key))
      if (fields.flag(approximation.when))
        fields.warn(approximation.when.key, approximation.message);
}

//===----------------------------------------------------------------------===//
// Building
//===----------------------------------------------------------------------===//

namespace {
struct LayerBlocks {
  Block attention, feedForward;

  bool operator==(const LayerBlocks &other) const {
    return attention == other.attention && feedForward == other.feedForward;
  }
};

/// `count` times the `period` layers from `first` on.
struct Fold {
  size_t first, period, count;
};
} // namespace

static constexpr size_t kMaxPeriod = 32;

/// How often the layers [first, first + period) stand there in a row.
static size_t countRepeats(llvm::ArrayRef<LayerBlocks> layers, size_t first, size_t period) {
  size_t end = first + period;
  while (end < layers.size() && layers[end] == layers[end - period])
    ++end;
  return (end - first) / period;
}

/// The repetition that covers most from `first` on; the shorter period where two cover the same.
static Fold longestFold(llvm::ArrayRef<LayerBlocks> layers, size_t first) {
  Fold best{first, 1, countRepeats(layers, first, 1)};
  for (size_t period = 2; period <= kMaxPeriod && first + 2 * period <= layers.size(); ++period) {
    size_t count = countRepeats(layers, first, period);
    if (count > 1 && count * period > best.count * best.period)
      best = {first, period, count};
  }
  return best;
}

namespace {
class ModelBuilder {
public:
  ModelBuilder(Reading &reading, mlir::ModuleOp module)
      : reading(reading), builder(module.getRegion()) {
    builder.setInsertionPointToEnd(module.getBody());
  }

  void build(StringRef name) {
    Fields &fields = reading.fields;
    Attributes embedding = readEmbedding(), head = readHead();
    Attributes model = readModel(name);
    std::vector<Block> attention = readAttention(reading), feedForward = readFeedForward(reading);
    int64_t further = readFurtherTokens();
    if (fields.failed())
      return;
    enter(create(ModelOp::getOperationName(), model.get(), "num_hidden_layers"));
    create(EmbeddingOp::getOperationName(), embedding.get(), "hidden_size");
    std::vector<LayerBlocks> layers;
    for (auto [first, second] : llvm::zip(attention, feedForward))
      layers.push_back({first, second});
    addLayers(layers);
    if (further)
      addRepeated(MtpOp::getOperationName(), further, layers.back());
    create(HeadOp::getOperationName(), head.get(), "vocab_size");
  }

private:
  Attributes readModel(StringRef name) {
    const Family &family = reading.family;
    mlir::MLIRContext *context = builder.getContext();
    Attributes attributes(reading.builder);
    attributes.attr("sym_name", builder.getStringAttr(name));
    attributes.size("sequence", reading.sequence);
    attributes.attr("norm", NormAttr::get(context, family.norm));
    attributes.attr("norm_placement", NormPlacementAttr::get(context, family.placement));
    attributes.real("norm_epsilon", reading.fields.positive("rms_norm_eps", family.epsilon));
    attributes.real("init_std", reading.fields.positive("initializer_range", 0.02));
    return attributes;
  }

  Attributes readEmbedding() {
    const Family &family = reading.family;
    Fields &fields = reading.fields;
    Attributes attributes(reading.builder);
    attributes.size("vocabulary", fields.size("vocab_size"));
    attributes.size("width", reading.width);
    if (family.learnedPositions)
      attributes.size("positions", fields.size("max_position_embeddings", 1024));
    if (family.scalesByRootOfWidth)
      attributes.real("scale", std::sqrt(double(reading.width)));
    if (!family.embeddingScaleKey.empty())
      attributes.real("scale", fields.positive(family.embeddingScaleKey, 1));
    return attributes;
  }

  Attributes readHead() {
    const Family &family = reading.family;
    Fields &fields = reading.fields;
    Attributes attributes(reading.builder);
    bool isTied = fields.flag({"tie_word_embeddings", family.tied});
    attributes.attr("tying", HeadTyingAttr::get(builder.getContext(),
                                                isTied ? HeadTying::Tied : HeadTying::Untied));
    attributes.unitIf("bias", fields.flag({family.headBiasKey}));
    attributes.unitIf("normalize", fields.flag({family.headNormalizeKey}));
    if (!family.headScaleKey.empty())
      attributes.real("scale", fields.positive(family.headScaleKey, 1));
    if (!family.headDivisorKey.empty())
      attributes.real("scale", 1 / fields.positive(family.headDivisorKey, 1));
    if (!family.headSoftcapKey.empty())
      attributes.real("softcap", fields.positiveOrNull(family.headSoftcapKey, family.headSoftcap));
    return attributes;
  }

  int64_t readFurtherTokens() {
    const Family &family = reading.family;
    if (family.mtpKey.empty())
      return 0;
    if (reading.fields.flag(family.mtpFlag))
      return reading.fields.count(family.mtpKey, 0);
    reading.fields.skip(family.mtpKey, "switched off");
    return 0;
  }

  void addLayers(llvm::ArrayRef<LayerBlocks> layers) {
    for (size_t first = 0; first < layers.size();) {
      Fold fold = longestFold(layers, first);
      addRepeated(RepeatOp::getOperationName(), int64_t(fold.count),
                  layers.slice(first, fold.period));
      first += fold.count * fold.period;
    }
  }

  void addRepeated(StringRef op, int64_t count, llvm::ArrayRef<LayerBlocks> body) {
    Attributes attributes(reading.builder);
    attributes.size("count", count);
    mlir::OpBuilder::InsertionGuard guard(builder);
    enter(create(op, attributes.get(), "num_hidden_layers"));
    for (const LayerBlocks &layer : body) {
      create(layer.attention.name, layer.attention.attributes, "num_attention_heads");
      bool isMoe = layer.feedForward.name == MoeOp::getOperationName();
      create(layer.feedForward.name, layer.feedForward.attributes,
             isMoe ? "num_experts" : reading.family.denseWidthKey);
    }
  }

  /// Ops stand where the field that asks for them stands.
  mlir::Operation *create(StringRef name, mlir::DictionaryAttr attributes, StringRef key) {
    mlir::OperationState state(locate(key), name);
    state.addAttributes(attributes.getValue());
    if (name == ModelOp::getOperationName() || name == RepeatOp::getOperationName() ||
        name == MtpOp::getOperationName())
      state.addRegion()->emplaceBlock();
    return builder.create(state);
  }

  mlir::Location locate(StringRef key) {
    Place place = reading.fields.place(key);
    return mlir::FileLineColLoc::get(builder.getContext(), reading.fields.file(), place.line,
                                     place.column);
  }

  void enter(mlir::Operation *op) { builder.setInsertionPointToEnd(&op->getRegion(0).front()); }

  Reading &reading;
  mlir::OpBuilder builder;
};
} // namespace

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

static int64_t readLayerCount(Fields &fields) {
  int64_t layers = fields.size("num_hidden_layers");
  if (layers <= kMaxLayers)
    return layers;
  fields.refuse("num_hidden_layers", "an integer from 1 to " + Twine(kMaxLayers));
  return 1;
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
  ModelBuilder(reading, *module).build(name);
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
  const Family *family = diagnostics.failed() ? nullptr : chooseFamily(root, diagnostics);
  if (!family)
    return std::nullopt;

  Fields fields(scopesOf(*family, root, diagnostics), record, diagnostics);
  refuseForeign(fields);
  mlir::Location location = mlir::FileLineColLoc::get(&context, options.file, 1, 1);
  Reading reading{*family,
                  fields,
                  mlir::Builder(&context),
                  location,
                  fields.size("hidden_size"),
                  readLayerCount(fields),
                  readSequence(options, *family, fields)};
  Imported result;
  result.module = buildModule(reading, chooseName(options, root, *family), diagnostics);
  checkFixedFields(*family, fields);
  if (!diagnostics.failed()) {
    UnreadKeys unread(*family, record, diagnostics);
    for (const Scope &scope : fields.objects())
      unread.check(scope);
    result.ignored = std::move(unread.ignored);
  }
  if (diagnostics.failed())
    return std::nullopt;
  const Value *named = whole.peek("architectures");
  result.architecture = named ? named->items.front().text : family->architectures.front().str();
  result.origins = std::move(record.origins);
  return result;
}
