#include "planner/ProtoJson.h"

#include <google/protobuf/util/json_util.h>
#include <nlohmann/json.hpp>

using Json = nlohmann::json;

bool sigma::planner::isNestedTooDeep(const std::string &text) {
  constexpr int kLimit = 100;
  int depth = 0;
  bool inString = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (inString && text[i] == '\\')
      ++i;
    else if (text[i] == '"')
      inString = !inString;
    else if (!inString && (text[i] == '[' || text[i] == '{') && ++depth > kLimit)
      return true;
    else if (!inString && (text[i] == ']' || text[i] == '}'))
      --depth;
  }
  return false;
}

std::string sigma::planner::readProtoJson(const std::string &text, const std::string &what,
                                          google::protobuf::Message &message) {
  if (isNestedTooDeep(text))
    return "not a " + what + ": nested more than 100 deep";
  // Protobuf's own parser accepts more than JSON and says less about where it stumbled.
  try {
    if (!Json::parse(text).is_object())
      return "a " + what + " must be a JSON object";
  } catch (const Json::exception &error) {
    return std::string("not JSON: ") + error.what();
  }
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  auto status = google::protobuf::util::JsonStringToMessage(text, &message, options);
  return status.ok() ? "" : "not a " + what + ": " + std::string(status.message());
}
