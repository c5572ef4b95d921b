#include "planner/PlanJson.h"

#include "planner/PlanMessage.h"
#include "planner/ProtoJson.h"

#include <google/protobuf/util/json_util.h>
#include <nlohmann/json.hpp>

using namespace sigma::planner;
using Json = nlohmann::ordered_json;

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
  if (!isNestedTooDeep(original))
    old = Json::parse(original, nullptr, /*allow_exceptions=*/false);
  keepUnknown(old, json);
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

PlanDocument sigma::planner::fromJson(const std::string &text) {
  PlanDocument document;
  sigma::plan::Plan message;
  document.error = readProtoJson(text, "plan", message);
  return document.error.empty() ? fromMessage(message) : document;
}
