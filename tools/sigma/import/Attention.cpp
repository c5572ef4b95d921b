//===- Attention.cpp - attention ops, read and written --------------------===//

#include "tools/sigma/import/Concepts.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace sigma::config;
using namespace mlir::sigma;
using llvm::StringRef;

//===----------------------------------------------------------------------===//
// Which layers see what
//===----------------------------------------------------------------------===//

namespace {
/// What distinguishes the attention of one layer from that of another.
struct Sight {
  std::optional<int64_t> window, chunk;
  bool rotates = true;
  std::optional<bool> isChunked; // none: where it rotates
};
} // namespace

static bool hasWindowByRule(const Family &family, int64_t layer, int64_t fullLayers) {
  switch (family.windows) {
  case WindowRule::None:
    return false;
  case WindowRule::EveryLayer:
    return true;
  case WindowRule::LowerFull:
    return layer >= fullLayers;
  case WindowRule::Alternate:
    return layer % 2 == 0;
  case WindowRule::SixthIsFull:
    return (layer + 1) % 6 != 0;
  }
  llvm_unreachable("no such rule");
}

static std::optional<int64_t> readWindow(Reading &reading) {
  Fields &fields = reading.fields;
  bool isKnown = reading.family.windows != WindowRule::None;
  // Files of architectures without windows say that there are none, next to the size that they
  // would have.
  if (!isKnown && (!fields.has("use_sliding_window") || fields.flag({"use_sliding_window"})))
    return std::nullopt;
  if (isKnown && fields.flag(reading.family.hasWindow))
    return fields.sizeOrNull("sliding_window", reading.family.window);
  fields.skip("sliding_window", "no layer has a window");
  fields.skip("max_window_layers", "no layer has a window");
  return std::nullopt;
}

/// `layer_types`, where there is one, says it for each layer.
static void readLayerTypes(Reading &reading, std::optional<int64_t> window,
                           llvm::MutableArrayRef<Sight> sights) {
  std::vector<std::string> types = reading.fields.words("layer_types", reading.layers);
  for (auto [sight, type] : llvm::zip(sights, types)) {
    bool slides = type == "sliding_attention", isChunked = type == "chunked_attention";
    if (type != "full_attention" && !(isChunked && reading.family.chunked) && !(slides && window))
      return reading.fields.refuse(
          "layer_types",
          "\"full_attention\", \"sliding_attention\" with a sliding_window where the architecture "
          "has one, \"chunked_attention\" of Llama 4; this list has \"" +
              type + "\"");
    sight.window = slides ? window : std::nullopt;
    sight.isChunked = isChunked;
  }
}

static void readWindows(Reading &reading, llvm::MutableArrayRef<Sight> sights) {
  std::optional<int64_t> window = readWindow(reading);
  if (reading.fields.has("layer_types")) {
    reading.fields.skip("max_window_layers", "layer_types says it");
    return readLayerTypes(reading, window, sights);
  }
  bool counts = window && reading.family.windows == WindowRule::LowerFull;
  int64_t full = counts ? reading.fields.count("max_window_layers", reading.family.fullLayers) : 0;
  for (auto [layer, sight] : llvm::enumerate(sights))
    if (hasWindowByRule(reading.family, int64_t(layer), full))
      sight.window = window;
}

/// Layers of Llama 4 that do not rotate grow the scores with the position, from `floor_scale` on.
static void requireNoTemperature(Reading &reading) {
  Fields &fields = reading.fields;
  const Value *tuning = fields.peek("attn_temperature_tuning");
  bool isTuned = !tuning || tuning->boolean || tuning->real != 0;
  fields.skip("attn_temperature_tuning", "without effect on positions below floor_scale");
  fields.skip("attn_scale", "without effect on positions below floor_scale");
  int64_t first = fields.size("floor_scale", 8192);
  if (isTuned && reading.sequence >= first)
    fields.refuse("attn_temperature_tuning", "false, or a sequence shorter than floor_scale (" +
                                                 llvm::Twine(first) +
                                                 "), where it has no effect; the sequence is " +
                                                 llvm::Twine(reading.sequence));
}

static void readRotatingLayers(Reading &reading, llvm::MutableArrayRef<Sight> sights) {
  Fields &fields = reading.fields;
  const Value *list = fields.peek("no_rope_layers");
  if (list && !list->items.empty()) {
    fields.skip("no_rope_layer_interval", "no_rope_layers says which layers");
    if (auto rotates = fields.zerosAndOnes("no_rope_layers", reading.layers))
      for (auto [sight, one] : llvm::zip(sights, *rotates))
        sight.rotates = one != 0;
    return;
  }
  fields.skip("no_rope_layers", "empty: no_rope_layer_interval says which layers");
  int64_t interval = fields.size("no_rope_layer_interval", 4);
  for (auto [layer, sight] : llvm::enumerate(sights))
    sight.rotates = (int64_t(layer) + 1) % interval != 0;
}

static std::vector<Sight> readSights(Reading &reading) {
  std::vector<Sight> sights(reading.layers);
  readWindows(reading, sights);
  if (!reading.family.skipsRotation)
    return sights;
  readRotatingLayers(reading, sights);
  if (!reading.family.chunked)
    return sights;
  requireNoTemperature(reading);
  std::optional<int64_t> chunk = reading.fields.sizeOrNull("attention_chunk_size", 8192);
  for (Sight &sight : sights)
    if (sight.isChunked.value_or(sight.rotates))
      sight.chunk = chunk;
  return sights;
}

//===----------------------------------------------------------------------===//
// Grouped queries
//===----------------------------------------------------------------------===//

static int64_t readHeadWidth(Reading &reading, int64_t heads) {
  Fields &fields = reading.fields;
  if (fields.has("head_dim") || reading.family.headWidth)
    return fields.size("head_dim", reading.family.headWidth.value_or(1));
  if (reading.width % heads != 0)
    fields.refuse("num_attention_heads", "a divisor of hidden_size (" + llvm::Twine(reading.width) +
                                             "), or a head_dim beside it");
  return fields.size("head_dim", std::max<int64_t>(1, reading.width / heads),
                     "hidden_size / num_attention_heads");
}

static mlir::ArrayAttr readBiases(Reading &reading) {
  llvm::SmallVector<mlir::Attribute> biases;
  for (const BiasRule &rule : reading.family.biases)
    if (reading.fields.flag(rule.flag))
      for (Projection projection : rule.projections)
        biases.push_back(ProjectionAttr::get(reading.builder.getContext(), projection));
  return reading.builder.getArrayAttr(biases);
}

static void readScale(Reading &reading, Attributes &attributes) {
  const Family &family = reading.family;
  if (!family.attentionScaleKey.empty())
    attributes.real("scale", reading.fields.positive(family.attentionScaleKey, 1));
  if (!family.attentionScalarKey.empty())
    attributes.real("scale",
                    1 / std::sqrt(reading.fields.positive(family.attentionScalarKey, 256)));
}

/// What all layers have in common.
static Attributes readCommon(Reading &reading, int64_t heads, int64_t headWidth) {
  const Family &family = reading.family;
  Fields &fields = reading.fields;
  Attributes attributes(reading.builder);
  attributes.size("heads", heads);
  attributes.size("head_width", headWidth);
  int64_t kvHeads = family.kvHeads
                        ? fields.size("num_key_value_heads", *family.kvHeads)
                        : fields.size("num_key_value_heads", heads, "num_attention_heads");
  if (heads % kvHeads != 0)
    fields.refuse("num_key_value_heads",
                  "a divisor of num_attention_heads (" + llvm::Twine(heads) + ")");
  attributes.size("kv_heads", kvHeads);
  if (heads * headWidth > kMaxSize)
    fields.refuse("num_attention_heads", "heads whose widths are at most " + llvm::Twine(kMaxSize) +
                                             " together; one has " + llvm::Twine(headWidth));
  if (mlir::ArrayAttr biases = readBiases(reading); !biases.empty())
    attributes.attr("bias", biases);
  attributes.unitIf("sinks", family.sinks);
  readScale(reading, attributes);
  if (!family.attentionSoftcapKey.empty())
    attributes.real("softcap",
                    fields.positiveOrNull(family.attentionSoftcapKey, family.attentionSoftcap));
  if (!family.clipKey.empty())
    attributes.real("clip", fields.positiveOrNull(family.clipKey));
  return attributes;
}

static std::vector<Block> readGrouped(Reading &reading) {
  const Family &family = reading.family;
  int64_t heads = family.heads ? reading.fields.size("num_attention_heads", *family.heads)
                               : reading.fields.size("num_attention_heads");
  int64_t headWidth = readHeadWidth(reading, heads);
  Attributes common = readCommon(reading, heads, headWidth);
  RopeAttr rope = readRope(reading, headWidth), localRope = readLocalRope(reading, rope);
  mlir::Attribute qkNorm;
  if (reading.fields.flag(family.hasQkNorm))
    qkNorm = QkNormAttr::get(reading.builder.getContext(), family.qkNorm);
  std::vector<Block> blocks;
  for (const Sight &sight : readSights(reading)) {
    Attributes attributes = common;
    attributes.size("window", sight.window);
    attributes.size("chunk", sight.chunk);
    attributes.attr("rope", !sight.rotates ? RopeAttr() : sight.window ? localRope : rope);
    // Llama 4 norms where it rotates.
    attributes.attr("qk_norm", sight.rotates ? qkNorm : mlir::Attribute());
    blocks.push_back({AttentionOp::getOperationName(), attributes.get()});
  }
  return blocks;
}

//===----------------------------------------------------------------------===//
// Latent
//===----------------------------------------------------------------------===//

static std::vector<Block> readLatent(Reading &reading) {
  Fields &fields = reading.fields;
  Attributes attributes(reading.builder);
  int64_t heads = fields.size("num_attention_heads"), nope = fields.size("qk_nope_head_dim", 128),
          rope = fields.size("qk_rope_head_dim", 64), value = fields.size("v_head_dim", 128);
  attributes.size("heads", heads);
  attributes.size("q_rank", fields.sizeOrNull("q_lora_rank", 1536));
  attributes.size("kv_rank", fields.size("kv_lora_rank", 512));
  attributes.size("nope_width", nope);
  attributes.size("rope_width", rope);
  attributes.size("value_width", value);
  if (rope % 2 != 0)
    fields.refuse("qk_rope_head_dim", "an even number, because positions rotate pairs");
  if (heads * std::max(nope + rope, value) > kMaxSize)
    fields.refuse("num_attention_heads",
                  "heads whose widths are at most " + llvm::Twine(kMaxSize) + " together");
  attributes.attr("rope", readRope(reading, rope));
  return std::vector<Block>(reading.layers,
                            {LatentAttentionOp::getOperationName(), attributes.get()});
}

std::vector<Block> sigma::config::readAttention(Reading &reading) {
  return reading.family.latent ? readLatent(reading) : readGrouped(reading);
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

static void writeLatent(LatentAttentionOp op, ConfigWriter &writer) {
  writer.set("num_attention_heads", op.getHeads());
  writer.set("num_key_value_heads", op.getHeads());
  writer.set("q_lora_rank", op.getQRank() ? nlohmann::json(*op.getQRank()) : nlohmann::json());
  writer.set("kv_lora_rank", op.getKvRank());
  writer.set("qk_nope_head_dim", op.getNopeWidth());
  writer.set("qk_rope_head_dim", op.getRopeWidth());
  writer.set("v_head_dim", op.getValueWidth());
  writeRope(op.getRope(), op.getRopeWidth(), writer);
}

/// The number whose inverse root is the scale; a whole one where it can be.
static double scalarOf(double scale) {
  double scalar = std::pow(scale, -2), whole = std::round(scalar);
  return 1 / std::sqrt(whole) == scale ? whole : scalar;
}

static void writeFlags(AttentionOp op, ConfigWriter &writer) {
  const Family &family = writer.family;
  for (const BiasRule &rule : family.biases)
    writer.setIfNamed(rule.flag.key, op.hasBias(rule.projections.front()));
  writer.setIfNamed(family.hasQkNorm.key, op.getQkNorm().has_value());
  if (op.getScale())
    writer.setIfNamed(family.attentionScaleKey, *op.getScale());
  if (op.getScale())
    writer.setIfNamed(family.attentionScalarKey, scalarOf(*op.getScale()));
  auto orNull = [](auto value) { return value ? nlohmann::json(*value) : nlohmann::json(); };
  writer.setIfNamed(family.attentionSoftcapKey, orNull(op.getSoftcap()));
  writer.setIfNamed(family.clipKey, orNull(op.getClip()));
}

static void writeSights(llvm::ArrayRef<AttentionOp> ops, ConfigWriter &writer) {
  const Family &family = writer.family;
  auto windowed = llvm::find_if(ops, [](AttentionOp op) { return op.getWindow().has_value(); });
  bool hasWindow = windowed != ops.end();
  AttentionOp windowedOp = hasWindow ? *windowed : AttentionOp();
  nlohmann::json types = nlohmann::json::array(), rotating = nlohmann::json::array();
  for (AttentionOp op : ops) {
    types.push_back(op.getWindow() ? "sliding_attention" : "full_attention");
    rotating.push_back(op.getRope() ? 1 : 0);
  }
  if (family.windows != WindowRule::None) {
    writer.setIfNamed(family.hasWindow.key, hasWindow);
    writer.set("sliding_window",
               hasWindow ? nlohmann::json(*windowedOp.getWindow()) : nlohmann::json());
    if (hasWindow && family.windows != WindowRule::EveryLayer)
      writer.set("layer_types", types);
  }
  if (!family.skipsRotation)
    return;
  writer.set("no_rope_layers", rotating);
  if (!family.chunked)
    return;
  auto chunked = llvm::find_if(ops, [](AttentionOp op) { return op.getChunk().has_value(); });
  AttentionOp chunkedOp = chunked != ops.end() ? *chunked : AttentionOp();
  writer.set("attention_chunk_size",
             chunkedOp ? nlohmann::json(*chunkedOp.getChunk()) : nlohmann::json());
  writer.set("attn_temperature_tuning", false);
}

static void writeGrouped(llvm::ArrayRef<AttentionOp> ops, ConfigWriter &writer) {
  // A layer that rotates says more than one that does not.
  auto rotating =
      llvm::find_if(ops, [](AttentionOp op) { return op.getRope() && !op.getWindow(); });
  AttentionOp op = rotating != ops.end() ? *rotating : ops.front();
  writer.set("num_attention_heads", op.getHeads());
  if (!writer.family.learnedPositions)
    writer.set("num_key_value_heads", op.getKvHeads());
  if (!writer.family.learnedPositions)
    writer.set("head_dim", op.getHeadWidth());
  writeFlags(op, writer);
  if (op.getRope())
    writeRope(*op.getRope(), op.getHeadWidth(), writer);
  for (AttentionOp other : ops)
    if (other.getWindow() && other.getRope())
      writer.setIfNamed(writer.family.localRopeBaseKey,
                        other.getRope()->getBase().getValueAsDouble());
  writeSights(ops, writer);
}

void sigma::config::writeAttention(llvm::ArrayRef<Layer> layers, ConfigWriter &writer) {
  llvm::SmallVector<AttentionOp> ops;
  for (Layer layer : layers)
    if (auto op = llvm::dyn_cast<AttentionOp>(layer.attention.getOperation()))
      ops.push_back(op);
  if (!ops.empty())
    writeGrouped(ops, writer);
  else
    writeLatent(llvm::cast<LatentAttentionOp>(Layer(layers.front()).attention.getOperation()),
                writer);
}
