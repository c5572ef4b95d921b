//===- Json.cpp - JSON values that know where they stand ------------------===//

#include "tools/sigma/import/Json.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

using namespace sigma::config;

// The longest published configurations have some tens of kilobytes and four levels.
static constexpr size_t kMaxBytes = 1 << 20;
static constexpr size_t kMaxDepth = 64;

const Member *Value::find(llvm::StringRef key) const {
  auto found = llvm::find_if(members, [&](const Member &member) { return member.key == key; });
  return found == members.end() ? nullptr : &*found;
}

static std::string spellReal(double value) { return nlohmann::json(value).dump(); }

std::string Value::spell() const {
  switch (kind) {
  case Kind::Null:
    return "null";
  case Kind::Boolean:
    return boolean ? "true" : "false";
  case Kind::Integer:
    return std::to_string(integer);
  case Kind::Real:
    return spellReal(real);
  case Kind::String:
    return "\"" + (text.size() > 60 ? text.substr(0, 60) + "..." : text) + "\"";
  case Kind::List:
    return "a list of " + std::to_string(items.size());
  case Kind::Object:
    return "an object of " + std::to_string(members.size());
  }
  return {};
}

bool Value::operator==(const Value &other) const {
  if (isNumber() && other.isNumber())
    return real == other.real;
  return kind == other.kind && boolean == other.boolean && text == other.text &&
         items == other.items && members == other.members;
}

namespace {
/// Tells how far the parser has read.
struct Cursor {
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char *;
  using reference = const char &;

  const char *at;
  const char **reached;

  reference operator*() const { return *at; }
  Cursor &operator++() {
    *reached = ++at;
    return *this;
  }
  Cursor operator++(int) {
    Cursor before = *this;
    ++*this;
    return before;
  }
  bool operator==(const Cursor &other) const { return at == other.at; }
  bool operator!=(const Cursor &other) const { return at != other.at; }
};

/// Receives the parser's events and builds the tree.
class TreeBuilder : public nlohmann::json_sax<nlohmann::json> {
public:
  TreeBuilder(llvm::StringRef source, const char *const &reached, Value &root)
      : source(source), reached(reached), root(root) {}

  std::optional<JsonError> error;

  bool null() override { return add(scalar(Value::Kind::Null)); }
  bool boolean(bool value) override {
    Value node = scalar(Value::Kind::Boolean);
    node.boolean = value;
    return add(std::move(node));
  }
  bool number_integer(int64_t value) override {
    Value node = scalar(Value::Kind::Integer);
    node.integer = value;
    node.real = double(value);
    return add(std::move(node));
  }
  bool number_unsigned(uint64_t value) override {
    if (value <= uint64_t(std::numeric_limits<int64_t>::max()))
      return number_integer(int64_t(value));
    return number_float(double(value), {});
  }
  bool number_float(double value, const std::string &) override {
    Value node = scalar(Value::Kind::Real);
    node.real = value;
    return add(std::move(node));
  }
  bool string(std::string &value) override {
    Value node;
    node.kind = Value::Kind::String;
    node.offset = startOfString();
    node.text = std::move(value);
    return add(std::move(node));
  }
  bool binary(nlohmann::json::binary_t &) override { return false; } // no text has it

  bool start_object(size_t) override { return open(Value::Kind::Object); }
  bool end_object() override { return close(); }
  bool start_array(size_t) override { return open(Value::Kind::List); }
  bool end_array() override { return close(); }

  bool key(std::string &name) override {
    Frame &frame = frames.back();
    frame.keyOffset = startOfString();
    if (!frame.keys.insert(name).second)
      return refuse(frame.keyOffset, "the key \"" + name + "\" is there twice");
    frame.key = std::move(name);
    return true;
  }

  bool parse_error(size_t position, const std::string &,
                   const nlohmann::json::exception &exception) override {
    // "[json.exception.…] parse error at line …, column …: what is wrong; last read: …"
    llvm::StringRef message = exception.what();
    message = message.split("] ").second;
    if (message.starts_with("parse error"))
      message = message.split(": ").second;
    return refuse(std::min(position ? position - 1 : 0, source.size()),
                  "no valid JSON: " + message.split("; last read").first.str());
  }

private:
  struct Frame {
    Value value;
    llvm::StringSet<> keys;
    std::string key;
    size_t keyOffset = 0;
  };

  bool refuse(size_t offset, std::string message) {
    error = JsonError{offset, std::move(message)};
    return false;
  }

  size_t end() const { return size_t(reached - source.begin()); }

  /// The parser reads one byte beyond a number, and none beyond a word.
  Value scalar(Value::Kind kind) const {
    auto isPart = [&](size_t i) {
      return llvm::isAlnum(source[i]) || llvm::is_contained("+-.", source[i]);
    };
    size_t first = end();
    if (first > 0 && !isPart(first - 1))
      --first;
    while (first > 0 && isPart(first - 1))
      --first;
    Value node;
    node.kind = kind;
    node.offset = first;
    return node;
  }

  /// From behind its closing quote: the last quote that no backslash takes away.
  size_t startOfString() const {
    for (size_t quote = end() - 1; quote-- > 0;)
      if (source[quote] == '"' &&
          (quote - (source.take_front(quote).find_last_not_of('\\') + 1)) % 2 == 0)
        return quote;
    return 0;
  }

  bool open(Value::Kind kind) {
    if (frames.size() == kMaxDepth)
      return refuse(end() - 1, "nested deeper than " + std::to_string(kMaxDepth) + " levels");
    frames.emplace_back();
    frames.back().value.kind = kind;
    frames.back().value.offset = end() - 1;
    return true;
  }

  bool close() {
    Value done = std::move(frames.back().value);
    frames.pop_back();
    return add(std::move(done));
  }

  bool add(Value node) {
    if (frames.empty()) {
      root = std::move(node);
      return true;
    }
    Frame &frame = frames.back();
    if (frame.value.kind == Value::Kind::Object)
      frame.value.members.push_back({std::move(frame.key), frame.keyOffset, std::move(node)});
    else
      frame.value.items.push_back(std::move(node));
    return true;
  }

  llvm::StringRef source;
  const char *const &reached;
  Value &root;
  std::vector<Frame> frames;
};
} // namespace

std::optional<JsonError> sigma::config::parseJson(llvm::StringRef text, Value &root) {
  if (text.size() > kMaxBytes)
    return JsonError{0, "the text has " + std::to_string(text.size()) +
                            " bytes; a configuration has at most " + std::to_string(kMaxBytes)};
  const char *reached = text.begin();
  TreeBuilder builder(text, reached, root);
  nlohmann::json::sax_parse(Cursor{text.begin(), &reached}, Cursor{text.end(), &reached}, &builder);
  return builder.error;
}
