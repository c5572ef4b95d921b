#include "planner/noise/Normal.h"

#include <algorithm>
#include <cmath>

using namespace sigma::planner;

// Both tables by Simpson integration of x^k n phi(x) Phi(x)^(n-1) with step 1e-3 on [-9, 10]; the
// unit test integrates again with another rule.
static constexpr int kNumSmall = 16;
static constexpr double kSmallMean[kNumSmall] = {
    0.0000000000, 0.5641895835, 0.8462843753, 1.0293753730, 1.1629644736, 1.2672063606,
    1.3521783756, 1.4236003060, 1.4850131622, 1.5387527308, 1.5864363519, 1.6292276399,
    1.6679901770, 1.7033815541, 1.7359134449, 1.7659913931};
static constexpr double kSmallVariance[kNumSmall] = {
    1.0000000000, 0.6816901138, 0.5594672038, 0.4917152369, 0.4475340690, 0.4159271090,
    0.3919177761, 0.3728971433, 0.3573533264, 0.3443438233, 0.3332474427, 0.3236363870,
    0.3152053842, 0.3077301025, 0.3010415703, 0.2950098090};

// Index k: n = 2^k.
static constexpr int kNumPowers = 25;
static constexpr double kPowerMean[kNumPowers] = {
    0.0000000000, 0.5641895835, 1.0293753730, 1.4236003060, 1.7659913931,
    2.0696688279, 2.3437334651, 2.5945973686, 2.8268632789, 3.0439031612,
    3.2482396014, 3.4417990991, 3.6260821778, 3.8022792189, 3.9713505703,
    4.1340828689, 4.2911293159, 4.4430389653, 4.5902783775, 4.7332478814,
    4.8722939725, 5.0077188973, 5.1397881595, 5.2687364701, 5.3947725158};
static constexpr double kPowerVariance[kNumPowers] = {
    1.0000000000, 0.6816901138, 0.4917152369, 0.3728971433, 0.2950098090,
    0.2416175027, 0.2034864678, 0.1752439219, 0.1536500812, 0.1366818397,
    0.1230329265, 0.1118330210, 0.1024851305, 0.0945686507, 0.0877799390,
    0.0818948973, 0.0767448097, 0.0722003629, 0.0681608398, 0.0645466562,
    0.0612941061, 0.0583515949, 0.0556768935, 0.0532351058, 0.0509971434};

// Cubic Lagrange interpolation in log2(n): the moments are smooth in the logarithm of n.
static double interpolate(const double (&table)[kNumPowers], int64_t n) {
  if ((n & (n - 1)) == 0) // as most groups are; what follows gives the same bits
    return table[std::min(__builtin_ctzll(static_cast<uint64_t>(n)), kNumPowers - 1)];
  double x = std::min(std::log2(static_cast<double>(n)), double(kNumPowers - 1));
  int first = std::clamp(static_cast<int>(x) - 1, 0, kNumPowers - 4);
  double result = 0;
  for (int i = first; i < first + 4; ++i) {
    double weight = 1;
    for (int j = first; j < first + 4; ++j)
      if (i != j)
        weight *= (x - j) / (i - j);
    result += weight * table[i];
  }
  return result;
}

double sigma::planner::maxOfNormalsMean(int64_t n) {
  if (n <= kNumSmall)
    return kSmallMean[std::max<int64_t>(n, 1) - 1];
  return interpolate(kPowerMean, n);
}

double sigma::planner::maxOfNormalsVariance(int64_t n) {
  if (n <= kNumSmall)
    return kSmallVariance[std::max<int64_t>(n, 1) - 1];
  return interpolate(kPowerVariance, n);
}

double sigma::planner::normalCdf(double x) { return 0.5 * std::erfc(-x * M_SQRT1_2); }

static constexpr double kFarthest = 40; // P(Z > 40) is no double above 0

// The x with P(Z > x) = tail. The logarithm of the complementary error function keeps full relative
// precision in the far tail, where p^(1/n) itself would round to one. It is concave, so that Newton's
// method from above the root never falls below it.
static double upperTailQuantile(double tail) {
  if (tail <= 0 || tail >= 1)
    return tail <= 0 ? kFarthest : -kFarthest;
  if (tail > 0.5)
    return -upperTailQuantile(1 - tail);
  constexpr int kMostSteps = 64; // about 6 are taken
  double x = std::sqrt(-2 * std::log(2 * tail));
  for (int i = 0; i < kMostSteps; ++i) {
    const double above = 0.5 * std::erfc(x * M_SQRT1_2);
    const double density = std::exp(-0.5 * x * x) * 0.5 * M_SQRT1_2 * M_2_SQRTPI;
    const double next = x - std::log(tail / above) * above / density;
    if (!(next < x))
      break;
    x = next;
  }
  return x;
}

double sigma::planner::maxOfNormalsQuantile(double p, int64_t n) {
  return upperTailQuantile(-std::expm1(std::log(p) / static_cast<double>(n)));
}
