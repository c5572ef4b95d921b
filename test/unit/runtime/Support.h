// Helpers of the kernel tests: deterministic values, central differences, and a runtime without
// MPI.
#ifndef SIGMA_TEST_UNIT_RUNTIME_SUPPORT_H
#define SIGMA_TEST_UNIT_RUNTIME_SUPPORT_H

#include "runtime/Runtime.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>
#include <vector>

namespace sigma::test {

using sigma::runtime::Runtime;

template <class T>
constexpr int64_t kElem = sizeof(T) == 8 ? SIGMA_F64 : SIGMA_F32;
/// Bound on relative errors of a result of one kernel.
template <class T>
constexpr double kTolerance = sizeof(T) == 8 ? 1e-11 : 2e-4;

inline std::vector<double> randomValues(size_t n, unsigned seed, double low = -1, double high = 1) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<double> uniform(low, high);
  std::vector<double> values(n);
  for (double &value : values)
    value = uniform(generator);
  return values;
}

template <class T>
std::vector<T> as(const std::vector<double> &values) {
  return {values.begin(), values.end()};
}

template <class T>
void expectNear(const std::vector<T> &got, const std::vector<double> &wanted,
                double tolerance = kTolerance<T>) {
  ASSERT_EQ(got.size(), wanted.size());
  for (size_t i = 0; i < got.size(); ++i)
    ASSERT_NEAR(double(got[i]), wanted[i], tolerance * (1 + std::fabs(wanted[i]))) << "at " << i;
}

/// Compares a gradient with central differences of f at x.
inline void expectGradient(const std::function<double(const std::vector<double> &)> &f,
                           std::vector<double> x, const std::vector<double> &gradient,
                           double step = 1e-5, double tolerance = 1e-7) {
  ASSERT_EQ(x.size(), gradient.size());
  for (size_t i = 0; i < x.size(); ++i) {
    const double value = x[i];
    x[i] = value + step;
    const double above = f(x);
    x[i] = value - step;
    const double below = f(x);
    x[i] = value;
    ASSERT_NEAR(gradient[i], (above - below) / (2 * step), tolerance * (1 + std::fabs(gradient[i])))
        << "at " << i;
  }
}

inline double dot(const std::vector<double> &a, const std::vector<double> &b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i)
    sum += a[i] * b[i];
  return sum;
}

/// Tests of one kernel for float and double.
template <class T>
struct KernelTest : ::testing::Test {
  Runtime rt;
};
using Elements = ::testing::Types<float, double>;

/// base^(-2i/width) of every rotated pair.
inline std::vector<double> rotaryFrequencies(int64_t headWidth, double base) {
  std::vector<double> frequencies;
  for (int64_t i = 0; i < headWidth / 2; ++i)
    frequencies.push_back(std::pow(base, -2.0 * double(i) / double(headWidth)));
  return frequencies;
}

} // namespace sigma::test

#endif
