#include "codegen/launch/Text.h"
#include "codegen/launch/Launch.h"

#include <cctype>
#include <cstdio>

namespace sigma::launch {

std::string fill(const std::string &text, const Values &values) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    size_t length = 0;
    for (const auto &[name, value] : values)
      if (const std::string mark = "@" + name + "@"; text.compare(at, mark.size(), mark) == 0) {
        out += value;
        length = mark.size();
        break;
      }
    if (length == 0)
      out += text[at];
    at += length ? length : 1;
  }
  return out;
}

std::string shellWord(const std::string &text) {
  std::string out = "'";
  for (char c : text)
    out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string yamlString(const std::string &text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      out += '\\';
    if (static_cast<unsigned char>(c) >= ' ') {
      out += c;
      continue;
    }
    char escaped[8];
    std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned char>(c));
    out += escaped;
  }
  return out + "\"";
}

std::string Launch::defaults() const {
  std::string out;
  if (checkpointIntervalSteps > 0)
    out += " --checkpoint-interval=" + std::to_string(checkpointIntervalSteps);
  if (snapshotIntervalSteps > 0)
    out += " --spares=" + std::to_string(spareNodes * ranksPerNode) +
           " --snapshot-interval=" + std::to_string(snapshotIntervalSteps);
  for (size_t i = 0; i < nodeLeast.size(); ++i)
    out += (i == 0 ? " --node-least=" : ",") + std::to_string(nodeLeast[i]);
  return out;
}

std::string Launch::jobName() const {
  constexpr size_t kLongest = 40; // a host name has 63, and a pod's index comes behind it
  std::string name;
  for (char c : model.substr(0, kLongest))
    name += std::isalnum(static_cast<unsigned char>(c))
                ? char(std::tolower(static_cast<unsigned char>(c)))
                : '-';
  while (!name.empty() && name.back() == '-')
    name.pop_back();
  const bool mayBegin = !name.empty() && std::isalpha(static_cast<unsigned char>(name.front()));
  return mayBegin ? name : "sigma-" + name + (name.empty() ? "run" : "");
}

} // namespace sigma::launch
