#include "runtime/health/LayerNorms.h"
#include "runtime/Runtime.h"
#include "runtime/comm/Collect.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>

namespace sigma::runtime {
namespace {

/// Of "layers.3.moe.router", 3; nothing for what is in no layer, or does not begin at random.
std::optional<size_t> layerOf(const Tensor &tensor) {
  constexpr std::string_view kLayers = "layers.";
  const std::string &name = tensor.name;
  size_t layer = 0;
  if (tensor.init != SIGMA_INIT_NORMAL || name.compare(0, kLayers.size(), kLayers) != 0 ||
      std::from_chars(name.data() + kLayers.size(), name.data() + name.size(), layer).ec !=
          std::errc())
    return std::nullopt;
  return layer;
}

void addTo(List<double> &sums, size_t layer, double value) {
  sums.resize(std::max(sums.size(), layer + 1));
  sums[layer] += value;
}

/// Squares of the norms at the first step, in expectation.
List<double> expectedSquares(sigma_rt rt) {
  List<double> sums;
  for (const Tensor &tensor : rt->tensors)
    if (const auto layer = layerOf(tensor))
      addTo(sums, *layer,
            double(elementsOf(tensor.globalShape(rt->mesh.shape))) * tensor.initScale *
                tensor.initScale);
  return sums;
}

/// What this rank saves of the values of `layers` layers.
List<double> ownSquares(sigma_rt rt, size_t layers) {
  const int64_t elem = rt->program.elemOf(State::Value);
  List<double> sums(layers);
  for (const Tensor *tensor : rt->ownTensors())
    if (const auto layer = layerOf(*tensor))
      for (const HeldBox &held : tensor->saved(State::Value, rt->mesh, elemBytes(elem)))
        withWideElem(elem, [&](auto zero) {
          using T = decltype(zero);
          const T *values = reinterpret_cast<const T *>(rt->arena.data() + held.offset);
          for (int64_t i = 0; i < held.box.elements(); ++i)
            sums[*layer] += double(values[i]) * double(values[i]);
        });
  return sums;
}

} // namespace

Valley deepestValley(const List<double> &norms) {
  Valley deepest;
  List<double> behind(norms.size() + 1); // the highest from there on
  for (size_t i = norms.size(); i-- > 0;)
    behind[i] = std::max(norms[i], behind[i + 1]);
  double before = 0;
  for (size_t i = 0; i < norms.size(); ++i) {
    if (const double side = std::min(before, behind[i + 1]); side > 0)
      if (const double depth = 1 - norms[i] / side; depth > deepest.depth)
        deepest = {int64_t(i), depth};
    before = std::max(before, norms[i]);
  }
  return deepest;
}

void LayerNorms::check(sigma_rt rt) {
  const List<double> expected = expectedSquares(rt);
  const List<double> all = gatherDoubles(rt, ownSquares(rt, expected.size()));
  if (rt->mesh.rank != 0 || expected.empty())
    return;
  List<double> norms(expected.size());
  for (size_t i = 0; i < all.size(); ++i)
    norms[i % norms.size()] += all[i];
  for (size_t layer = 0; layer < norms.size(); ++layer)
    norms[layer] = expected[layer] > 0 ? std::sqrt(norms[layer] / expected[layer]) : 1;
  const int64_t step = rt->step.number();
  rt->log.event("layer-norms", {{"step", step}, {"ofFirst", norms}});
  const Valley valley = deepestValley(norms);
  if (valley.depth < kDepth) {
    told = 0;
    return;
  }
  constexpr double kDeeper = 0.1;
  if (valley.depth < told + kDeeper)
    return;
  told = valley.depth;
  char reason[160];
  std::snprintf(reason, sizeof reason,
                "the norm of the values of layer %lld is %.0f %% below those before and behind it",
                static_cast<long long>(valley.layer), 100 * valley.depth);
  rt->log.event("fault", {{"kind", "layer-collapse"}, {"step", step}, {"reason", reason}});
}

} // namespace sigma::runtime
