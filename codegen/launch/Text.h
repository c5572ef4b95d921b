// Templates of scripts.
#ifndef SIGMA_CODEGEN_LAUNCH_TEXT_H
#define SIGMA_CODEGEN_LAUNCH_TEXT_H

#include <string>
#include <utility>
#include <vector>

namespace sigma::launch {

using Values = std::vector<std::pair<std::string, std::string>>;

/// Puts each value in the place of `@its name@`.
std::string fill(const std::string &text, const Values &values);

/// One word of a shell, whatever is in it.
std::string shellWord(const std::string &text);

/// A string of YAML, whatever is in it.
std::string yamlString(const std::string &text);

} // namespace sigma::launch

#endif
