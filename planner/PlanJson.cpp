#include "planner/PlanJson.h"

#include "planner/PlanMessage.h"

#include <google/protobuf/util/json_util.h>
#include <nlohmann/json.hpp>

using namespace sigma::planner;
using Json = nlohmann::ordered_json;

// Trees are walked recursively, here and inside the JSON library; a plan nests about six deep.
static bool isTooDeep(const std::string &text) {
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

// Copies what `original` has and `target` lacks. Known fields are always in `target`, so
// only unknown ones are copied; elements of an array belong together only if nothing was
// added or removed.
static void keepUnknown(const Json &original, Json &target) {
  if (original.is_object() && target.is_object()) {
    for (const auto &[key, value] : original.items()) {
      auto known = target.find(key);
      if (known == target.end())
        target[key] = value;
      else
        keepUnknown(value, *known);
    }
  } else if (original.is_array() && target.is_array() && original.size() == target.size()) {
    for (size_t i = 0; i < target.size(); ++i)
      keepUnknown(original[i], target[i]);
  }
}

// Protobuf prints fields that may be absent behind the others.
static Json inOrder(const Json &json, const google::protobuf::Descriptor &type) {
  Json ordered = Json::object();
  for (int i = 0; i < type.field_count(); ++i) {
    const google::protobuf::FieldDescriptor &field = *type.field(i);
    auto found = json.find(field.json_name());
    if (found == json.end())
      continue;
    Json &value = ordered[field.json_name()] = *found;
    if (const google::protobuf::Descriptor *inner = field.message_type()) {
      if (value.is_object())
        value = inOrder(*found, *inner);
      else
        for (Json &element : value)
          element = inOrder(element, *inner);
    }
  }
  return ordered;
}

std::string sigma::planner::toJson(const Problem &problem, const Answer &answer,
                                   const std::string &original) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string compact;
  auto status =
      google::protobuf::util::MessageToJsonString(toMessage(problem, answer), &compact, options);
  if (!status.ok())
    return {};
  Json json = inOrder(Json::parse(compact, nullptr, /*allow_exceptions=*/false),
                      *sigma::plan::Plan::descriptor());
  Json old;
  if (!isTooDeep(original))
    old = Json::parse(original, nullptr, /*allow_exceptions=*/false);
  keepUnknown(old, json);
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

PlanDocument sigma::planner::fromJson(const std::string &text) {
  PlanDocument document;
  if (isTooDeep(text)) {
    document.error = "not a plan: nested more than 100 deep";
    return document;
  }
  // Protobuf's own parser accepts more than JSON and says less about where it stumbled.
  try {
    if (!Json::parse(text).is_object())
      document.error = "a plan must be a JSON object";
  } catch (const Json::exception &error) {
    document.error = std::string("not JSON: ") + error.what();
  }
  if (!document.error.empty())
    return document;
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  sigma::plan::Plan message;
  auto status = google::protobuf::util::JsonStringToMessage(text, &message, options);
  if (!status.ok()) {
    document.error = "not a plan: " + std::string(status.message());
    return document;
  }
  return fromMessage(message);
}
