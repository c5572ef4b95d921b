//===- ModelBuilder.cpp - the ops of a model ------------------------------===//

#include "tools/sigma/import/ModelBuilder.h"
#include <cmath>

using namespace sigma::config;
using namespace mlir::sigma;
using llvm::StringRef;

//===----------------------------------------------------------------------===//
// Layers that repeat
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
static constexpr int64_t kMaxFurtherTokens = 64; // what sigma.mtp takes

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
    if (!family.residualScaleKey.empty())
      if (double scale = reading.fields.positive(family.residualScaleKey, 1); scale != 1)
        attributes.real("residual_scale", scale);
    return attributes;
  }

  Attributes readEmbedding() {
    const Family &family = reading.family;
    Fields &fields = reading.fields;
    Attributes attributes(reading.builder);
    attributes.size("vocabulary", family.vocabulary ? fields.size("vocab_size", *family.vocabulary)
                                                    : fields.size("vocab_size"));
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
    if (reading.fields.flag(family.mtpFlag)) {
      int64_t count = reading.fields.count(family.mtpKey, 0);
      if (count > kMaxFurtherTokens)
        reading.fields.refuse(family.mtpKey, "at most " + llvm::Twine(kMaxFurtherTokens));
      return count;
    }
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

void sigma::config::buildModel(Reading &reading, StringRef name, mlir::ModuleOp module) {
  ModelBuilder(reading, module).build(name);
}
