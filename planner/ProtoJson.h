// The JSON form of protobuf messages, read with errors that people can use.
#ifndef SIGMA_PLANNER_PROTOJSON_H
#define SIGMA_PLANNER_PROTOJSON_H

#include <string>

namespace google::protobuf {
class Message;
}

namespace sigma::planner {

// Trees are walked recursively, here and inside the JSON library; what we read nests about six
// deep.
bool isNestedTooDeep(const std::string &text);

// Unknown fields are ignored. Returns what is wrong with the text of a `what`, or nothing.
std::string readProtoJson(const std::string &text, const std::string &what,
                          google::protobuf::Message &message);

} // namespace sigma::planner

#endif
