//===- GradientCheck.cpp - derived gradients against differences ----------===//

#include "GradientCheck.h"
#include <cmath>
#include <sstream>

using namespace sigma::test;

Gradients sigma::test::derivedGradients(CompiledProgram &program) {
  program.forward();
  program.backward();
  Gradients gradients;
  for (const Parameter &parameter : program.parameters)
    gradients.emplace_back(parameter.gradient, parameter.gradient + parameter.elements);
  return gradients;
}

static double difference(CompiledProgram &program, double &value) {
  const double step = 1e-5, middle = value;
  value = middle + step;
  double above = program.forward();
  value = middle - step;
  double below = program.forward();
  value = middle;
  return (above - below) / (2 * step);
}

/// Entries of a parameter with `elements`.
static std::vector<int64_t> sample(int64_t elements, int64_t most) {
  std::vector<int64_t> indices;
  int64_t stride = elements <= most ? 1 : (elements + most - 1) / most;
  for (int64_t i = 0; i < elements; i += stride)
    indices.push_back(i);
  return indices;
}

Gradients sigma::test::sampled(const Gradients &gradients, int64_t most) {
  Gradients some;
  for (const std::vector<double> &gradient : gradients) {
    std::vector<double> &entries = some.emplace_back();
    for (int64_t i : sample(gradient.size(), most))
      entries.push_back(gradient[i]);
  }
  return some;
}

Gradients sigma::test::differences(CompiledProgram &program, int64_t most) {
  Gradients gradients;
  for (const Parameter &parameter : program.parameters) {
    std::vector<double> &gradient = gradients.emplace_back();
    for (int64_t i : sample(parameter.elements, most))
      gradient.push_back(difference(program, parameter.value[i]));
  }
  return gradients;
}

static double norm(const std::vector<double> &values) {
  double squares = 0;
  for (double value : values)
    squares += value * value;
  return std::sqrt(squares);
}

std::string sigma::test::mismatches(const CompiledProgram &program, const Gradients &derived,
                                    const Gradients &expected) {
  std::ostringstream text;
  for (size_t p = 0; p < expected.size(); ++p) {
    std::vector<double> error;
    for (size_t i = 0; i < expected[p].size(); ++i)
      error.push_back(derived[p][i] - expected[p][i]);
    // The absolute part is the rounding of the differences. Negated, so that NaN is a mismatch.
    if (!(norm(error) <= 1e-6 * norm(expected[p]) + 1e-9))
      text << program.parameters[p].name << ": |error| = " << norm(error) << ", |gradient| = " << norm(expected[p])
           << '\n';
  }
  return text.str();
}

bool sigma::test::matters(const Gradients &gradients) {
  double sum = 0;
  for (const std::vector<double> &gradient : gradients)
    sum += norm(gradient);
  return sum > 1e-3;
}
