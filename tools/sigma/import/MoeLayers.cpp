//===- MoeLayers.cpp - which layers are Mixtures of Experts ---------------===//

#include "tools/sigma/import/Concepts.h"
#include "llvm/ADT/STLExtras.h"

using namespace sigma::config;

using Layers = std::vector<bool>;

static Layers layersWhere(int64_t count, llvm::function_ref<bool(int64_t)> isMoe) {
  Layers layers;
  for (int64_t i = 0; i < count; ++i)
    layers.push_back(isMoe(i));
  return layers;
}

static Layers readAfterDense(Reading &reading) {
  int64_t first = reading.fields.count("first_k_dense_replace", 0);
  int64_t step = reading.fields.size("moe_layer_freq", 1);
  return layersWhere(reading.layers, [&](int64_t i) { return i >= first && i % step == 0; });
}

static Layers readSparseStep(Reading &reading) {
  int64_t step = reading.fields.size("decoder_sparse_step", 1);
  std::vector<int64_t> dense =
      reading.fields.indices("mlp_only_layers", reading.layers).value_or(std::vector<int64_t>());
  return layersWhere(reading.layers, [&](int64_t i) {
    return (i + 1) % step == 0 && !llvm::is_contained(dense, i);
  });
}

static Layers readInterleaved(Reading &reading) {
  std::optional<std::vector<int64_t>> listed = reading.fields.indices("moe_layers", reading.layers);
  if (listed) {
    reading.fields.skip("interleave_moe_layer_step", "moe_layers says which layers");
    return layersWhere(reading.layers, [&](int64_t i) { return llvm::is_contained(*listed, i); });
  }
  int64_t step = reading.fields.size("interleave_moe_layer_step", 1);
  return layersWhere(reading.layers, [&](int64_t i) { return (i + 1) % step == 0; });
}

static Layers readRange(Reading &reading) {
  Fields &fields = reading.fields;
  int64_t first = fields.count("moe_layer_start_index", 1),
          step = fields.size("moe_layer_interval", 1);
  int64_t last = reading.layers - 1;
  const Value *end = fields.peek("moe_layer_end_index");
  if (end && end->isNumber() && end->real == -1)
    fields.skip("moe_layer_end_index", "-1 means the last layer");
  else
    last = fields.count("moe_layer_end_index", last);
  return layersWhere(reading.layers,
                     [&](int64_t i) { return i >= first && i <= last && (i + 1) % step == 0; });
}

static Layers readByExperts(Reading &reading) {
  std::vector<int64_t> experts = reading.fields.countPerLayer("num_experts", 1, reading.layers);
  int64_t first = reading.fields.count("moe_layer_num_skipped", 0);
  return layersWhere(reading.layers, [&](int64_t i) { return i >= first && experts[i] > 1; });
}

Layers sigma::config::readMoeLayers(Reading &reading) {
  switch (reading.family.moe) {
  case MoeRule::None:
    return Layers(reading.layers, false);
  case MoeRule::EveryLayer:
    return Layers(reading.layers, true);
  case MoeRule::AfterDense:
    return readAfterDense(reading);
  case MoeRule::SparseStep:
    return readSparseStep(reading);
  case MoeRule::Interleaved:
    return readInterleaved(reading);
  case MoeRule::Range:
    return readRange(reading);
  case MoeRule::ByExperts:
    return readByExperts(reading);
  }
  llvm_unreachable("no such rule");
}

static std::vector<int64_t> indicesOf(const Layers &layers, bool value) {
  std::vector<int64_t> indices;
  for (auto [i, isMoe] : llvm::enumerate(layers))
    if (isMoe == value)
      indices.push_back(int64_t(i));
  return indices;
}

void sigma::config::writeMoeLayers(const Layers &isMoe, ConfigWriter &writer) {
  std::vector<int64_t> moe = indicesOf(isMoe, true), dense = indicesOf(isMoe, false);
  int64_t count = int64_t(isMoe.size()), first = moe.empty() ? count : moe.front();
  switch (writer.family.moe) {
  case MoeRule::None:
  case MoeRule::EveryLayer:
  case MoeRule::ByExperts: // the numbers of experts say it
    return;
  case MoeRule::AfterDense:
    writer.set("first_k_dense_replace", first);
    if (moe.size() > 1)
      writer.set("moe_layer_freq", moe[1] - moe[0]);
    return;
  case MoeRule::SparseStep:
    writer.set("decoder_sparse_step", 1);
    writer.set("mlp_only_layers", dense);
    return;
  case MoeRule::Interleaved:
    writer.set("moe_layers", moe);
    return;
  case MoeRule::Range:
    writer.set("moe_layer_start_index", first);
    writer.set("moe_layer_end_index", moe.empty() ? 0 : moe.back());
    writer.set("moe_layer_interval", moe.size() > 1 ? moe[1] - moe[0] : 1);
    return;
  }
}
