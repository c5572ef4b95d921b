//===- GradientCheck.h - derived gradients against differences ----*- C++ -*-===//

#ifndef TEST_UNIT_GRADIENTS_GRADIENTCHECK_H
#define TEST_UNIT_GRADIENTS_GRADIENTCHECK_H

#include "CompiledProgram.h"

namespace sigma::test {

/// Gradients of all parameters, in the order of CompiledProgram::parameters.
using Gradients = std::vector<std::vector<double>>;

Gradients derivedGradients(CompiledProgram &program);

/// At most `most` entries of each parameter, evenly spread.
Gradients sampled(const Gradients &gradients, int64_t most);
/// The same entries by central differences.
Gradients differences(CompiledProgram &program, int64_t most = INT64_MAX);

/// Names of the parameters whose gradients differ by more than 1e-6 of their norm, with the two norms.
std::string mismatches(const CompiledProgram &program, const Gradients &derived, const Gradients &expected);

/// The sum of all is not zero, so that comparing says something.
bool matters(const Gradients &gradients);

} // namespace sigma::test

#endif
