//===- Fields.cpp - reads the fields of a configuration -------------------===//

#include "tools/sigma/import/Fields.h"
#include "tools/sigma/import/Vocabulary.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace sigma::config;
using llvm::StringRef;
using llvm::Twine;

static const std::string kSizes = "an integer from 1 to " + std::to_string(kMaxSize);
static const std::string kCounts = "an integer from 0 to " + std::to_string(kMaxSize);
static constexpr StringRef kDefault = "default of the architecture";

static std::string spell(double value) {
  Value number;
  number.kind = Value::Kind::Real;
  number.real = value;
  return number.spell();
}

//===----------------------------------------------------------------------===//
// Finding
//===----------------------------------------------------------------------===//

std::vector<Fields::Found> Fields::findAll(StringRef key) const {
  std::vector<Found> found;
  for (const Scope &scope : scopes)
    for (StringRef name : namesOf(key))
      if (const Member *member = scope.object->find(name))
        found.push_back({member, scope.path + "." + name.str()});
  return found;
}

/// The first that is not null, or else the first.
Fields::Found Fields::choose(StringRef key) const {
  std::vector<Found> found = findAll(key);
  auto stated =
      llvm::find_if(found, [](const Found &item) { return !item.member->value.isNull(); });
  if (stated != found.end())
    return *stated;
  return found.empty() ? Found{} : found.front();
}

const Value *Fields::peek(StringRef key) const {
  const Member *member = choose(key).member;
  return member && !member->value.isNull() ? &member->value : nullptr;
}

const Value *Fields::take(StringRef key) {
  Found chosen = choose(key);
  if (!chosen.member)
    return nullptr;
  for (const Found &other : findAll(key)) {
    record.read.insert(&other.member->value);
    if (!other.member->value.isNull() && !(other.member->value == chosen.member->value))
      diagnostics.error(other.member->offset,
                        other.path + ": value " + other.member->value.spell() + " contradicts " +
                            chosen.path + ", whose value is " + chosen.member->value.spell() +
                            "; supported: one value, or two that are equal");
  }
  if (!chosen.member->value.isNull())
    record.origins.push_back({chosen.path,
                              chosen.member->value.spell(),
                              diagnostics.place(chosen.member->offset).line,
                              {}});
  return &chosen.member->value;
}

size_t Fields::offset(StringRef key) const {
  const Member *member = choose(key).member;
  return member ? member->offset : scopes.front().object->offset;
}

void Fields::refuse(StringRef key, const Twine &supported) {
  Found found = choose(key);
  std::string path = found.member ? found.path : scopes.front().path + "." + namesOf(key)[0].str();
  std::string value = found.member ? "value " + found.member->value.spell() : "missing";
  diagnostics.error(offset(key), path + ": " + value + "; supported: " + supported);
}

void Fields::refuseFeature(StringRef key, StringRef feature) {
  Found found = choose(key);
  diagnostics.error(offset(key),
                    found.path + ": value " + found.member->value.spell() + " means " + feature +
                        ", which are not supported; supported: layers of softmax "
                        "attention, each with its own keys and values, and feed-forward");
}

void Fields::warn(StringRef key, const Twine &message) {
  Found found = choose(key);
  std::string path = found.member ? found.path : scopes.front().path;
  diagnostics.warning(offset(key), path + ": " + message);
}

void Fields::derive(StringRef key, const Twine &value, StringRef why) {
  record.origins.push_back(
      {scopes.front().path + "." + namesOf(key)[0].str(), value.str(), 0, why.str()});
}

void Fields::skip(StringRef key, StringRef why) {
  for (const Found &found : findAll(key)) {
    record.read.insert(&found.member->value);
    record.origins.push_back(
        {found.path, "not used", diagnostics.place(found.member->offset).line, why.str()});
  }
}

//===----------------------------------------------------------------------===//
// Integers
//===----------------------------------------------------------------------===//

/// Real numbers of whole value count as integers.
std::optional<int64_t> Fields::integer(const Value &value, int64_t least, int64_t most) const {
  if (!value.isNumber() || value.real != std::floor(value.real) || value.real < double(least) ||
      value.real > double(most))
    return std::nullopt;
  return int64_t(value.real);
}

std::optional<int64_t> Fields::takeInteger(StringRef key, int64_t least) {
  const Value *value = take(key);
  if (!value || value->isNull())
    return std::nullopt;
  if (std::optional<int64_t> number = integer(*value, least, kMaxSize))
    return number;
  refuse(key, least == 0 ? kCounts : kSizes);
  return least;
}

int64_t Fields::size(StringRef key) {
  if (std::optional<int64_t> number = takeInteger(key, 1))
    return *number;
  refuse(key, kSizes);
  return 1;
}

int64_t Fields::size(StringRef key, int64_t otherwise, StringRef why) {
  if (std::optional<int64_t> number = takeInteger(key, 1))
    return *number;
  derive(key, Twine(otherwise), why);
  return otherwise;
}

std::optional<int64_t> Fields::sizeOrNull(StringRef key, std::optional<int64_t> absent) {
  if (choose(key).member)
    return takeInteger(key, 1);
  if (absent)
    derive(key, Twine(*absent), kDefault);
  return absent;
}

int64_t Fields::count(StringRef key, int64_t otherwise) {
  if (std::optional<int64_t> number = takeInteger(key, 0))
    return *number;
  derive(key, Twine(otherwise), kDefault);
  return otherwise;
}

std::vector<int64_t> Fields::countPerLayer(StringRef key, int64_t otherwise, int64_t layers) {
  const Value *value = peek(key);
  if (!value || value->kind != Value::Kind::List)
    return std::vector<int64_t>(layers, count(key, otherwise));
  std::string supported =
      kCounts + ", or a list of " + std::to_string(layers) + " of them, one for each layer";
  if (const Value *list = takeList(key, supported, layers))
    return integers(key, *list, 0, kMaxSize, supported);
  return std::vector<int64_t>(layers, otherwise);
}

//===----------------------------------------------------------------------===//
// Other scalars
//===----------------------------------------------------------------------===//

bool Fields::flag(const Flag &flag) {
  if (flag.key.empty())
    return flag.otherwise;
  const Value *value = take(flag.key);
  if (value && value->kind == Value::Kind::Boolean)
    return value->boolean;
  if (value && !value->isNull())
    refuse(flag.key, "true or false");
  else
    derive(flag.key, flag.otherwise ? "true" : "false", kDefault);
  return flag.otherwise;
}

std::optional<double> Fields::takeNumber(StringRef key, StringRef supported,
                                         bool (*isGood)(double)) {
  const Value *value = take(key);
  if (!value || value->isNull())
    return std::nullopt;
  if (value->isNumber() && std::isfinite(value->real) && isGood(value->real))
    return value->real;
  refuse(key, supported);
  return 1.0;
}

std::optional<double> Fields::positiveOrNull(StringRef key, std::optional<double> absent) {
  if (choose(key).member)
    return takeNumber(key, "a positive number", [](double number) { return number > 0; });
  if (absent)
    derive(key, spell(*absent), kDefault);
  return absent;
}

double Fields::positive(StringRef key, double otherwise) {
  if (std::optional<double> number = positiveOrNull(key))
    return *number;
  derive(key, spell(otherwise), kDefault);
  return otherwise;
}

double Fields::notNegative(StringRef key, double otherwise) {
  if (std::optional<double> number = takeNumber(key, "a number that is not negative",
                                                [](double number) { return number >= 0; }))
    return *number;
  if (otherwise != 0)
    derive(key, spell(otherwise), kDefault);
  return otherwise;
}

std::string Fields::word(StringRef key, StringRef otherwise) {
  const Value *value = take(key);
  if (value && value->kind == Value::Kind::String)
    return value->text;
  if (value && !value->isNull())
    refuse(key, "a string");
  else if (!otherwise.empty())
    derive(key, "\"" + otherwise + "\"", kDefault);
  return otherwise.str();
}

//===----------------------------------------------------------------------===//
// Lists and objects
//===----------------------------------------------------------------------===//

/// Null, after a message, when the field is no list of that length; null without one when it is
/// absent.
const Value *Fields::takeList(StringRef key, StringRef supported, std::optional<size_t> length) {
  const Value *value = take(key);
  if (!value || value->isNull())
    return nullptr;
  if (value->kind == Value::Kind::List && (!length || value->items.size() == *length))
    return value;
  refuse(key, supported);
  return nullptr;
}

std::vector<int64_t> Fields::integers(StringRef key, const Value &list, int64_t least, int64_t most,
                                      StringRef supported) {
  std::vector<int64_t> numbers;
  for (auto [index, item] : llvm::enumerate(list.items)) {
    std::optional<int64_t> number = integer(item, least, most);
    if (!number)
      diagnostics.error(item.offset, choose(key).path + "[" + std::to_string(index) + "]: value " +
                                         item.spell() + "; supported: " + supported);
    numbers.push_back(number.value_or(least));
  }
  return numbers;
}

std::vector<double> Fields::positives(StringRef key) {
  std::vector<double> numbers;
  const Value *list = takeList(key, "a list of positive numbers", std::nullopt);
  if (!list)
    return numbers;
  for (const Value &item : list->items) {
    if (!item.isNumber() || !(item.real > 0) || !std::isfinite(item.real)) {
      refuse(key, "a list of positive numbers");
      return {};
    }
    numbers.push_back(item.real);
  }
  return numbers;
}

std::vector<std::string> Fields::words(StringRef key, int64_t length) {
  std::string supported = "a list of " + std::to_string(length) + " strings, one for each layer";
  std::vector<std::string> words;
  const Value *list = takeList(key, supported, length);
  if (!list)
    return words;
  for (const Value &item : list->items)
    words.push_back(item.text);
  if (llvm::any_of(list->items,
                   [](const Value &item) { return item.kind != Value::Kind::String; })) {
    refuse(key, supported);
    return {};
  }
  return words;
}

std::optional<std::vector<int64_t>> Fields::indices(StringRef key, int64_t below) {
  std::string supported = "a list of layer numbers from 0 to " + std::to_string(below - 1);
  const Value *list = takeList(key, supported, std::nullopt);
  if (!list)
    return std::nullopt;
  if (int64_t(list->items.size()) > below) {
    refuse(key, supported + ", each once");
    return std::nullopt;
  }
  return integers(key, *list, 0, below - 1, supported);
}

std::optional<std::vector<int64_t>> Fields::zerosAndOnes(StringRef key, int64_t length) {
  std::string supported =
      "a list of " + std::to_string(length) + " numbers 0 or 1, one for each layer";
  const Value *list = takeList(key, supported, length);
  if (!list)
    return std::nullopt;
  return integers(key, *list, 0, 1, supported);
}

std::optional<Fields> Fields::object(StringRef key) {
  const Value *value = take(key);
  if (!value || value->isNull())
    return std::nullopt;
  if (value->kind == Value::Kind::Object)
    return Fields({{value, choose(key).path}}, record, diagnostics);
  refuse(key, "an object or null");
  return std::nullopt;
}
