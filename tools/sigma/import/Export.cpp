//===- Export.cpp - sigma.model as a Hugging Face configuration -----------===//
//
// Every architecture writes the model as well as it can. What it wrote is imported again and
// compared with the model; one that differs nowhere is the answer, and else the one that differs
// least says what is in the way.

#include "tools/sigma/import/Export.h"
#include "tools/sigma/import/Concepts.h"
#include "tools/sigma/import/Import.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace sigma::config;
using namespace mlir::sigma;
using llvm::StringRef;

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

static StringRef spell(const Family &family, StringRef key) {
  for (auto [general, own] : family.spelling)
    if (general == key)
      return own;
  return key;
}

void ConfigWriter::set(StringRef key, nlohmann::json value) {
  auto [scope, name] = spell(family, key).rsplit('.');
  if (name.empty())
    root[scope.str()] = std::move(value);
  else
    root[scope.str()][name.str()] = std::move(value);
}

static void writeStream(ModelOp model, ConfigWriter &writer) {
  const Family &family = writer.family;
  EmbeddingOp embedding = model.getEmbedding();
  HeadOp head = model.getHead();
  writer.set("vocab_size", embedding.getVocabulary());
  writer.set("hidden_size", embedding.getWidth());
  writer.set("num_hidden_layers", model.getNumLayers());
  writer.set("rms_norm_eps", model.getNormEpsilon());
  writer.set("initializer_range", model.getInitStd());
  writer.setIfNamed(family.residualScaleKey, model.getResidualScale().value_or(1));
  int64_t positions = embedding.getPositions().value_or(model.getSequence());
  writer.set("max_position_embeddings", positions);
  if (model.getSequence() != std::min(positions, kDefaultSequence))
    writer.set("sigma_sequence", model.getSequence());
  writer.setIfNamed(family.embeddingScaleKey, embedding.getScale().value_or(1));
  writer.set("tie_word_embeddings", head.getTying() == HeadTying::Tied);
  writer.setIfNamed(family.headBiasKey, head.getBias());
  writer.setIfNamed(family.headNormalizeKey, head.getNormalize());
  writer.setIfNamed(family.headScaleKey, head.getScale().value_or(1));
  writer.setIfNamed(family.headDivisorKey, 1 / head.getScale().value_or(1));
  writer.setIfNamed(family.headSoftcapKey,
                    head.getSoftcap() ? nlohmann::json(*head.getSoftcap()) : nlohmann::json());
  if (MtpOp mtp = model.getMtp())
    writer.setIfNamed(family.mtpKey, mtp.getCount());
}

static std::string write(ModelOp model, const Family &family) {
  ConfigWriter writer(family);
  auto layers = model.getLayers();
  writeStream(model, writer);
  writeAttention(layers, writer);
  writeFeedForward(layers, writer);
  nlohmann::json root = writer.take();
  root["architectures"] = {family.architectures.front().str()};
  root["model_type"] = family.modelTypes.front().str();
  return root.dump(2) + "\n";
}

//===----------------------------------------------------------------------===//
// Comparing
//===----------------------------------------------------------------------===//

namespace {
/// Something of the model that the configuration says otherwise.
struct Difference {
  mlir::Operation *op;
  std::string what;
};
} // namespace

static void compareOps(mlir::Operation *op, mlir::Operation *other,
                       std::vector<Difference> &found) {
  if (!op || !other || op->getName() != other->getName()) {
    if (mlir::Operation *present = op ? op : other)
      found.push_back({present, "the op"});
    return;
  }
  mlir::DictionaryAttr attributes = op->getAttrDictionary(), others = other->getAttrDictionary();
  llvm::SmallSetVector<StringRef, 16> names;
  for (mlir::DictionaryAttr dictionary : {attributes, others})
    for (mlir::NamedAttribute attribute : dictionary)
      names.insert(attribute.getName().strref());
  names.remove("sym_name");
  for (StringRef name : names)
    if (attributes.get(name) != others.get(name))
      found.push_back({op, "'" + name.str() + "'"});
}

static void compareLayers(Layer layer, Layer other, std::vector<Difference> &found) {
  compareOps(layer.attention, other.attention, found);
  compareOps(layer.feedForward, other.feedForward, found);
}

static std::vector<Difference> compareModels(ModelOp model, ModelOp other) {
  std::vector<Difference> found;
  compareOps(model, other, found);
  compareOps(model.getEmbedding(), other.getEmbedding(), found);
  for (auto [layer, otherLayer] : llvm::zip(model.getLayers(), other.getLayers()))
    compareLayers(layer, otherLayer, found);
  MtpOp mtp = model.getMtp(), otherMtp = other.getMtp();
  compareOps(mtp, otherMtp, found);
  if (mtp && otherMtp)
    compareLayers(mtp.getLayers().front(), otherMtp.getLayers().front(), found);
  compareOps(model.getHead(), other.getHead(), found);
  return found;
}

//===----------------------------------------------------------------------===//
// All of it
//===----------------------------------------------------------------------===//

/// None when the configuration is not even one that can be imported.
static std::optional<std::vector<Difference>> differencesOf(ModelOp model,
                                                            const std::string &config) {
  ImportOptions options;
  options.file = "<export>";
  std::optional<Imported> imported =
      importConfig(config, options, *model.getContext(), llvm::nulls());
  if (!imported)
    return std::nullopt;
  return compareModels(model, *imported->module->getOps<ModelOp>().begin());
}

/// Those first that are made for such a model: a dense one can also be said as a mixture without
/// experts.
static std::vector<const Family *> candidates(ModelOp model) {
  bool isDense = llvm::none_of(model.getLayers(), [](Layer layer) { return layer.getMoe(); });
  std::vector<const Family *> fitting, others;
  for (const Family &family : families())
    ((family.moe == MoeRule::None) == isDense ? fitting : others).push_back(&family);
  fitting.insert(fitting.end(), others.begin(), others.end());
  return fitting;
}

std::optional<std::string> sigma::config::exportConfig(ModelOp model) {
  std::optional<Difference> closest;
  size_t fewest = 0;
  StringRef architecture;
  for (const Family *family : candidates(model)) {
    std::string config = write(model, *family);
    auto differences = differencesOf(model, config);
    if (!differences)
      continue;
    if (differences->empty())
      return config;
    if (closest && differences->size() >= fewest)
      continue;
    fewest = differences->size();
    closest = differences->front();
    architecture = family->architectures.front();
  }
  if (!closest)
    model.emitError() << "no architecture of Hugging Face configurations can say this model";
  else
    closest->op->emitError() << closest->what
                             << " cannot be said in a Hugging Face configuration; closest is "
                             << architecture;
  return std::nullopt;
}
