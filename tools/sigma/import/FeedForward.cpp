//===- FeedForward.cpp - feed-forward ops, read and written ---------------===//

#include "tools/sigma/import/Concepts.h"
#include "llvm/ADT/STLExtras.h"

using namespace sigma::config;
using namespace mlir::sigma;
using llvm::StringRef;
using llvm::Twine;

//===----------------------------------------------------------------------===//
// Activation
//===----------------------------------------------------------------------===//

namespace {
/// A word of configurations and what it means with a gate and without.
struct ActivationWord {
  StringRef word;
  std::optional<Activation> gated, plain;
};
} // namespace

static const std::vector<ActivationWord> &activationWords() {
  static const std::vector<ActivationWord> all = {
      {"silu", Activation::SwiGlu, Activation::Silu},
      {"swish", Activation::SwiGlu, Activation::Silu},
      {"gelu", Activation::GeGlu, Activation::Gelu},
      {"gelu_pytorch_tanh", Activation::GeGluTanh, Activation::GeluTanh},
      {"gelu_new", Activation::GeGluTanh, Activation::GeluTanh},
      {"gelu_fast", Activation::GeGluTanh, Activation::GeluTanh},
      {"relu", Activation::ReGlu, Activation::Relu},
      {"relu2", std::nullopt, Activation::ReluSquared}};
  return all;
}

static bool isGated(Activation activation) { return activation <= Activation::ClampedSwiGlu; }

/// The word that is written for an activation.
static StringRef wordFor(Activation activation) {
  if (activation == Activation::ClampedSwiGlu)
    return "silu";
  for (const ActivationWord &entry : activationWords())
    if (entry.gated == activation || entry.plain == activation)
      return entry.word;
  llvm_unreachable("no word for an activation");
}

static Activation readActivation(Reading &reading) {
  const Family &family = reading.family;
  if (std::optional<Fields> object =
          reading.fields.peek("ffn_act_fn") ? reading.fields.object("ffn_act_fn") : std::nullopt)
    if (object->word("name", "silu") != "silu")
      object->refuse("name", "\"silu\"");
  if (family.activationKey.empty())
    return family.activation;
  std::string word = reading.fields.word(family.activationKey, wordFor(family.activation));
  if (word == wordFor(family.activation))
    return family.activation;
  for (const ActivationWord &entry : activationWords()) {
    std::optional<Activation> meaning = isGated(family.activation) ? entry.gated : entry.plain;
    if (entry.word == word && meaning && family.activation != Activation::ClampedSwiGlu)
      return *meaning;
  }
  reading.fields.refuse(family.activationKey,
                        family.activation == Activation::ClampedSwiGlu
                            ? "\"silu\""
                            : "\"silu\", \"gelu\", \"gelu_new\", \"gelu_pytorch_tanh\", \"relu\"");
  return family.activation;
}

//===----------------------------------------------------------------------===//
// Dense layers
//===----------------------------------------------------------------------===//

static void readCommon(Reading &reading, Attributes &attributes, bool hasBias) {
  Activation activation = readActivation(reading);
  attributes.attr("activation", ActivationAttr::get(reading.builder.getContext(), activation));
  if (!reading.family.limitKey.empty())
    attributes.real("limit", reading.fields.positive(reading.family.limitKey, 7));
  attributes.unitIf("bias", hasBias);
}

static int64_t readDenseWidth(Reading &reading) {
  StringRef key = reading.family.denseWidthKey;
  if (reading.family.denseWidthFactor == 0)
    return reading.fields.size(key);
  int64_t width = reading.family.denseWidthFactor * reading.width;
  return reading.fields.size(key, width, "a multiple of the width");
}

static Block readMlp(Reading &reading) {
  Attributes attributes(reading.builder);
  attributes.size("width", readDenseWidth(reading));
  readCommon(reading, attributes, reading.fields.flag(reading.family.mlpBias));
  return {MlpOp::getOperationName(), attributes.get()};
}

//===----------------------------------------------------------------------===//
// Mixtures of experts
//===----------------------------------------------------------------------===//

namespace {
/// The numbers of a Mixture of Experts that may differ by layer.
struct ExpertSizes {
  std::vector<int64_t> experts, chosen, width, shared, sharedWidth;
};
} // namespace

static std::vector<int64_t> readPerLayer(Reading &reading, StringRef key) {
  if (reading.family.perLayerLists && reading.fields.has(key))
    return reading.fields.countPerLayer(key, 0, reading.layers);
  return std::vector<int64_t>(reading.layers, reading.fields.size(key));
}

/// Hunyuan's experts are as wide as its dense layers when nothing else is said.
static StringRef expertWidthKey(Reading &reading) {
  StringRef key = reading.family.expertWidthKey;
  return reading.family.perLayerLists && !reading.fields.has(key) ? reading.family.denseWidthKey
                                                                  : key;
}

static void readShared(Reading &reading, ExpertSizes &sizes) {
  Fields &fields = reading.fields;
  auto all = [&](int64_t value) { return std::vector<int64_t>(reading.layers, value); };
  sizes.shared = all(0);
  sizes.sharedWidth = sizes.width;
  switch (reading.family.shared) {
  case SharedRule::None:
    return;
  case SharedRule::OneEqual:
    sizes.shared = all(1);
    return;
  case SharedRule::OneWide: {
    int64_t width = fields.count("shared_expert_intermediate_size", 5632);
    sizes.shared = all(width > 0);
    sizes.sharedWidth = all(width);
    return;
  }
  case SharedRule::Count:
    if (reading.family.perLayerLists && !fields.flag({"use_mixed_mlp_moe", false}))
      return fields.skip("num_shared_experts", "use_mixed_mlp_moe is false");
    sizes.shared = reading.family.perLayerLists
                       ? fields.countPerLayer("num_shared_experts", 1, reading.layers)
                       : all(fields.count("num_shared_experts", 0));
    if (reading.family.sharedHasWidth && fields.has("shared_expert_intermediate_size"))
      sizes.sharedWidth = all(fields.size("shared_expert_intermediate_size"));
    return;
  }
}

static ExpertSizes readExpertSizes(Reading &reading) {
  ExpertSizes sizes;
  sizes.experts = readPerLayer(reading, "num_experts");
  sizes.chosen = readPerLayer(reading, "num_experts_per_tok");
  sizes.width = readPerLayer(reading, expertWidthKey(reading));
  readShared(reading, sizes);
  return sizes;
}

/// Each class knows one score function; some files name it.
static void requireScore(Reading &reading) {
  const Family &family = reading.family;
  if (family.scoreKey.empty())
    return;
  bool isSigmoid = family.score == RouterScore::Sigmoid;
  StringRef expected = isSigmoid ? "sigmoid" : "softmax";
  std::string word = reading.fields.word(family.scoreKey, expected);
  // dots.llm1 writes the name of the method that chooses.
  if (word != expected && !(isSigmoid && word == "noaux_tc"))
    reading.fields.refuse(family.scoreKey, "\"" + expected + "\" in this architecture");
}

static bool hasGroups(Reading &reading) {
  Fields &fields = reading.fields;
  if (reading.family.groups != GroupRule::IfGroupLimited)
    return reading.family.groups == GroupRule::Stated;
  std::string method = fields.word("topk_method", "greedy");
  if (method == "group_limited_greedy")
    return true;
  if (method != "greedy")
    fields.refuse("topk_method", "\"greedy\", \"group_limited_greedy\"");
  fields.skip("n_group", "topk_method knows no groups");
  fields.skip("topk_group", "topk_method knows no groups");
  return false;
}

static void readGroups(Reading &reading, int64_t experts, Attributes &attributes) {
  if (!hasGroups(reading))
    return;
  Fields &fields = reading.fields;
  int64_t groups = fields.size("n_group", reading.family.numGroups);
  int64_t top = fields.size("topk_group", reading.family.topGroups);
  if (experts % groups != 0)
    fields.refuse("n_group", "a divisor of the number of experts (" + Twine(experts) + ")");
  if (top > groups)
    fields.refuse("topk_group", "at most n_group (" + Twine(groups) + ")");
  if (groups == 1)
    return;
  attributes.size("groups", groups);
  attributes.size("top_groups", top);
}

/// What all layers have in common.
static Attributes readRouter(Reading &reading, int64_t experts) {
  const Family &family = reading.family;
  Fields &fields = reading.fields;
  Attributes attributes(reading.builder);
  requireScore(reading);
  attributes.attr("router", RouterScoreAttr::get(reading.builder.getContext(), family.score));
  attributes.unitIf("normalize_weights", fields.flag(family.normalize));
  if (!family.scalingKey.empty())
    if (double scaling = fields.positive(family.scalingKey, 1); scaling != 1)
      attributes.real("scaling", scaling);
  attributes.unitIf("selection_bias", fields.flag(family.selectionBias));
  readGroups(reading, experts, attributes);
  attributes.unitIf("router_bias", family.routerBias);
  attributes.unitIf("weigh_input", family.weighInput);
  readCommon(reading, attributes, family.expertBias || fields.flag(family.mlpBias));
  attributes.real("balance_loss", fields.notNegative("router_aux_loss_coef", family.balanceLoss));
  attributes.real("z_loss", fields.notNegative("router_z_loss_coef", 0));
  return attributes;
}

/// The experts that a token may choose from.
static int64_t eligible(const Attributes &router, int64_t experts) {
  mlir::DictionaryAttr attributes = router.get();
  auto groups = attributes.getAs<mlir::IntegerAttr>("groups"),
       top = attributes.getAs<mlir::IntegerAttr>("top_groups");
  return groups ? experts / groups.getInt() * top.getInt() : experts;
}

static void requireSound(Reading &reading, const Attributes &router, const ExpertSizes &sizes,
                         size_t layer) {
  int64_t experts = sizes.experts[layer];
  if (sizes.chosen[layer] < 1 || sizes.chosen[layer] > experts)
    reading.fields.refuse("num_experts_per_tok",
                          "from 1 to the number of experts (" + Twine(experts) + ")");
  else if (sizes.chosen[layer] > eligible(router, experts))
    reading.fields.refuse("num_experts_per_tok", "at most the experts of topk_group groups (" +
                                                     Twine(eligible(router, experts)) + ")");
  else if (sizes.width[layer] < 1 || experts * sizes.width[layer] > kMaxSize)
    reading.fields.refuse(expertWidthKey(reading), "experts whose widths are at most " +
                                                       Twine(kMaxSize) + " together; there are " +
                                                       Twine(experts));
  else if (sizes.shared[layer] * sizes.sharedWidth[layer] > kMaxSize)
    reading.fields.refuse("num_shared_experts", "shared experts whose widths are at most " +
                                                    Twine(kMaxSize) + " together; one has " +
                                                    Twine(sizes.sharedWidth[layer]));
}

static Block makeMoe(const Attributes &router, const ExpertSizes &sizes, size_t layer,
                     bool hasGate) {
  Attributes attributes = router;
  attributes.size("experts", sizes.experts[layer]);
  attributes.size("top_k", sizes.chosen[layer]);
  attributes.size("width", sizes.width[layer]);
  if (int64_t shared = sizes.shared[layer]) {
    attributes.size("shared_experts", shared);
    attributes.size("shared_width", sizes.sharedWidth[layer]);
    attributes.unitIf("shared_gate", hasGate);
  }
  return {MoeOp::getOperationName(), attributes.get()};
}

std::vector<Block> sigma::config::readFeedForward(Reading &reading) {
  const Family &family = reading.family;
  std::vector<bool> isMoe = readMoeLayers(reading);
  bool anyDense = llvm::is_contained(isMoe, false), anyMoe = llvm::is_contained(isMoe, true);
  std::vector<Block> blocks(reading.layers);
  if (anyDense)
    blocks.assign(reading.layers, readMlp(reading));
  if (!anyMoe && reading.fields.has("num_experts") && family.moe != MoeRule::None &&
      family.moe != MoeRule::ByExperts)
    reading.fields.refuse("num_experts",
                          "null, because the file's other fields make every layer dense");
  if (!anyMoe)
    return blocks;
  ExpertSizes sizes = readExpertSizes(reading);
  if (!anyDense && family.denseWidthKey != expertWidthKey(reading))
    reading.fields.skip(family.denseWidthKey, "no layer is dense");
  int64_t first = llvm::find(isMoe, true) - isMoe.begin();
  Attributes router = readRouter(reading, sizes.experts[first]);
  for (size_t layer = 0; layer < isMoe.size() && !reading.fields.failed(); ++layer)
    if (isMoe[layer]) {
      requireSound(reading, router, sizes, layer);
      blocks[layer] = makeMoe(router, sizes, layer, family.sharedGate);
    }
  return blocks;
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

static void writeActivation(Activation activation, std::optional<double> limit,
                            ConfigWriter &writer) {
  writer.setIfNamed(writer.family.activationKey, wordFor(activation).str());
  if (limit)
    writer.setIfNamed(writer.family.limitKey, *limit);
}

static void writeMlp(MlpOp op, ConfigWriter &writer) {
  writer.set(writer.family.denseWidthKey, op.getWidth());
  writer.setIfNamed(writer.family.mlpBias.key, op.getBias());
  writeActivation(op.getActivation(), op.getLimit(), writer);
}

static nlohmann::json scalarOrList(const std::vector<int64_t> &values) {
  if (llvm::all_equal(values))
    return values.front();
  return values;
}

static void writeExpertSizes(llvm::ArrayRef<MoeOp> ops, ConfigWriter &writer) {
  const Family &family = writer.family;
  auto each = [&](llvm::function_ref<int64_t(MoeOp)> get, int64_t ofDense) {
    std::vector<int64_t> values;
    for (MoeOp op : ops)
      if (op || family.perLayerLists)
        values.push_back(op ? get(op) : ofDense);
    return family.perLayerLists ? scalarOrList(values) : nlohmann::json(values.front());
  };
  writer.set("num_experts", each([](MoeOp op) { return op.getExperts(); }, 1));
  writer.set("num_experts_per_tok", each([](MoeOp op) { return op.getTopK(); }, 1));
  writer.set(family.expertWidthKey, each([](MoeOp op) { return op.getWidth(); }, 1));
  MoeOp first = *llvm::find_if(ops, [](MoeOp op) { return bool(op); });
  bool hasOwnWidth = family.sharedHasWidth && first.getSharedExperts() != 0;
  if (family.shared == SharedRule::OneWide || hasOwnWidth)
    writer.set("shared_expert_intermediate_size", first.getSharedWidth());
  if (family.shared == SharedRule::Count)
    writer.set("num_shared_experts", each([](MoeOp op) { return op.getSharedExperts(); }, 0));
  if (family.shared == SharedRule::Count && family.perLayerLists)
    writer.set("use_mixed_mlp_moe", first.getSharedExperts() != 0);
}

static void writeRouter(MoeOp op, ConfigWriter &writer) {
  const Family &family = writer.family;
  writer.setIfNamed(family.scoreKey, stringifyEnum(op.getRouter()).str());
  writer.setIfNamed(family.normalize.key, op.getNormalizeWeights());
  writer.setIfNamed(family.scalingKey, op.getScaling().value_or(1));
  writer.setIfNamed(family.selectionBias.key, op.getSelectionBias());
  if (family.groups == GroupRule::IfGroupLimited)
    writer.set("topk_method", op.getGroups() ? "group_limited_greedy" : "greedy");
  if (family.groups != GroupRule::None) {
    writer.set("n_group", op.getGroups().value_or(1));
    writer.set("topk_group", op.getTopGroups().value_or(1));
  }
  writer.setIfNamed(family.mlpBias.key, op.getBias());
  writeActivation(op.getActivation(), op.getLimit(), writer);
  writer.set("router_aux_loss_coef", op.getBalanceLoss());
  if (op.getZLoss() != 0)
    writer.set("router_z_loss_coef", op.getZLoss());
}

void sigma::config::writeFeedForward(llvm::ArrayRef<Layer> layers, ConfigWriter &writer) {
  llvm::SmallVector<MoeOp> moes;
  std::vector<bool> isMoe;
  for (Layer layer : layers) {
    moes.push_back(layer.getMoe());
    isMoe.push_back(bool(moes.back()));
  }
  writeMoeLayers(isMoe, writer);
  for (Layer layer : layers)
    if (auto mlp = llvm::dyn_cast<MlpOp>(layer.feedForward.getOperation()))
      writeMlp(mlp, writer);
  auto first = llvm::find_if(moes, [](MoeOp op) { return bool(op); });
  if (first == moes.end())
    return;
  writeExpertSizes(moes, writer);
  writeRouter(*first, writer);
}
