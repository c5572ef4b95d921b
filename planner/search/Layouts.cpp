#include "planner/search/Layouts.h"

#include <algorithm>
#include <tuple>

using namespace sigma::planner;

std::vector<int64_t> sigma::planner::divisorsOf(int64_t n) {
  std::vector<int64_t> small, large;
  for (int64_t i = 1; i <= n / i; ++i) {
    if (n % i != 0)
      continue;
    small.push_back(i);
    if (i != n / i)
      large.push_back(n / i);
  }
  small.insert(small.end(), large.rbegin(), large.rend());
  return small;
}

int64_t sigma::planner::numLayers(const Model &model) {
  int64_t total = 0;
  for (const LayerGroup &group : model.layers)
    total += group.count;
  return total;
}

static bool allows(const std::optional<int64_t> &pin, int64_t value) {
  return !pin || *pin == value;
}

static std::vector<int64_t> microBatches(const Job &job, int64_t perRank) {
  std::vector<int64_t> sizes;
  for (int64_t size : divisorsOf(perRank))
    if (job.pins.microBatch ? size == *job.pins.microBatch : size <= job.maxMicroBatch)
      sizes.push_back(size);
  std::reverse(sizes.begin(), sizes.end());
  return sizes;
}

bool sigma::planner::isForbidden(const Forbids &forbids, const Layout &layout) {
  auto names = [](const std::vector<int64_t> &values, int64_t value) {
    return std::find(values.begin(), values.end(), value) != values.end();
  };
  return names(forbids.pp, layout.pp) || names(forbids.dp, layout.dp) ||
         names(forbids.ep, layout.ep) || names(forbids.microBatch, layout.microBatch);
}

std::vector<Layout> sigma::planner::enumerateLayouts(const Problem &problem, int64_t &rejected) {
  const Job &job = problem.job;
  const Pins &pins = job.pins;
  int64_t layers = numLayers(problem.model);
  std::vector<int64_t> epCandidates = divisorsOf(expertsToShare(problem.model));
  std::vector<Layout> layouts;
  rejected = 0;
  for (int64_t pp : divisorsOf(problem.cluster.numDevices)) {
    int64_t dp = problem.cluster.numDevices / pp;
    if (!allows(pins.pp, pp) || !allows(pins.dp, dp))
      continue;
    if (pp > layers || job.globalBatch % dp != 0) {
      rejected += static_cast<int64_t>(epCandidates.size());
      continue;
    }
    std::vector<int64_t> sizes = microBatches(job, job.globalBatch / dp);
    for (int64_t ep : epCandidates) {
      if (!allows(pins.ep, ep))
        continue;
      if (dp % ep != 0 || sizes.empty())
        ++rejected;
      else
        for (int64_t size : sizes)
          layouts.push_back({pp, dp, ep, size, job.globalBatch / (dp * size)});
    }
  }
  layouts.erase(std::remove_if(layouts.begin(), layouts.end(),
                               [&](const Layout &l) { return isForbidden(job.forbids, l); }),
                layouts.end());
  return layouts;
}

static auto canonicalKey(const Layout &layout) {
  return std::make_tuple(layout.pp, layout.ep, -layout.microBatch, layout.dp);
}

bool sigma::planner::comesBefore(const Layout &a, const Layout &b) {
  return canonicalKey(a) < canonicalKey(b);
}

bool sigma::planner::sameLayout(const Layout &a, const Layout &b) {
  return canonicalKey(a) == canonicalKey(b);
}
