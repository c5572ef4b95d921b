// The normal distribution and the maximum of n of them.
#ifndef SIGMA_PLANNER_NOISE_NORMAL_H
#define SIGMA_PLANNER_NOISE_NORMAL_H

#include <cstdint>

namespace sigma::planner {

// kappa(n): mean of the maximum of n independent standard normals, and its variance. Exact to ten
// digits for n <= 16 and powers of two; in between within 4e-5 (mean) and 5e-4 (variance). Tippett
// 1925; Harter 1961 tabulates the same numbers.
double maxOfNormalsMean(int64_t n);
double maxOfNormalsVariance(int64_t n);

// P(Z <= x).
double normalCdf(double x);

// The x that the maximum of n standard normals stays below with probability p: Phi^-1(p^(1/n)),
// exact for n up to 2^60.
double maxOfNormalsQuantile(double p, int64_t n);

} // namespace sigma::planner

#endif
