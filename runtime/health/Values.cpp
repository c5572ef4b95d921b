#include "runtime/health/Values.h"
#include "runtime/Runtime.h"
#include "runtime/comm/Collect.h"
#include "runtime/health/Fault.h"

#include <cmath>
#include <cstdio>
#include <limits>

namespace sigma::runtime {

constexpr double kRounding = 1.001;

double largestStep(double beta1, double beta2, int64_t t) {
  const double steps = double(t), ratio = beta1 * beta1 / beta2;
  const double sum = ratio == 1 ? steps : (1 - std::pow(ratio, steps)) / (1 - ratio);
  return (1 - beta1) / (1 - std::pow(beta1, steps)) *
         std::sqrt((1 - std::pow(beta2, steps)) / (1 - beta2) * sum);
}

/// Infinite where one of the numbers is none.
template <class T>
static double largestOf(const T *x, int64_t n) {
  T largest = 0;
  bool none = false;
  for (int64_t i = 0; i < n; ++i) {
    const T size = std::abs(x[i]);
    none |= !(size <= std::numeric_limits<T>::max());
    largest = size > largest ? size : largest;
  }
  return none ? std::numeric_limits<double>::infinity() : double(largest);
}

static double largestValue(sigma_rt rt, const Tensor &tensor) {
  const int64_t elem = rt->program.elemOf(State::Value);
  double largest = 0;
  for (const HeldBox &held : tensor.held(State::Value, rt->mesh, elemBytes(elem)))
    withWideElem(elem, [&](auto zero) {
      using T = decltype(zero);
      const T *values = reinterpret_cast<const T *>(rt->arena.data() + held.offset);
      largest = std::max(largest, largestOf(values, held.box.elements()));
    });
  return largest;
}

static std::vector<double> largestValues(sigma_rt rt) {
  std::vector<double> all;
  for (const Tensor *tensor : rt->ownTensors())
    all.push_back(largestValue(rt, *tensor));
  return all;
}

static std::string shortText(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

void ValueWatch::start(sigma_rt rt) { largest = largestValues(rt); }

void ValueWatch::optimizerMoves(const Optimizer &optimizer, double learningRate, int64_t step) {
  moved += learningRate * largestStep(optimizer.beta1, optimizer.beta2, step);
}

void ValueWatch::check(sigma_rt rt) {
  const std::vector<double> now = largestValues(rt);
  const std::vector<const Tensor *> tensors = rt->ownTensors();
  std::string found;
  for (size_t i = 0; i < now.size() && found.empty(); ++i)
    if (const double most = (largest[i] + moved) * kRounding; !(now[i] <= most))
      found = "rank " + std::to_string(rt->mesh.rank) + " has a value of " + shortText(now[i]) +
              " in " + tensors[i]->name + ", where no update can have made one larger than " +
              shortText(most);
  largest = now;
  moved = 0;
  faultOfAny(rt, "value-jumped", found);
}

} // namespace sigma::runtime
