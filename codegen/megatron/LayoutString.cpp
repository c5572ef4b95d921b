#include "codegen/megatron/LayoutString.h"

#include <algorithm>

using namespace sigma::megatron;

bool sigma::megatron::operator==(const VirtualStage &a, const VirtualStage &b) {
  return a.layers == b.layers && a.mtpLayers == b.mtpLayers && a.hasEmbedding == b.hasEmbedding &&
         a.hasLoss == b.hasLoss;
}

namespace {

// A token of the layout without repetitions, and where it was written.
struct Token {
  char kind;
  size_t column; // from 1
};

bool isToken(char c) { return std::string_view("EtmL|").find(c) != std::string_view::npos; }
bool isDigit(char c) { return c >= '0' && c <= '9'; }

// What a character looks like in a message.
std::string shown(char c) {
  static const char digits[] = "0123456789abcdef";
  auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x20 && byte < 0x7f)
    return std::string("'") + c + "'";
  return std::string("byte 0x") + digits[byte >> 4] + digits[byte & 15];
}

// Unrolls repetitions.
class Unroller {
public:
  explicit Unroller(std::string_view text) : text(text) {}

  bool run() {
    while (error.empty() && at < text.size())
      readItem();
    if (error.empty() && groupAt)
      fail(groupAt, "'(' is not closed; a group is '(' tokens ')' '*' count");
    return error.empty();
  }

  std::vector<Token> tokens;
  std::string error;

private:
  void fail(size_t column, const std::string &message) {
    error = "column " + std::to_string(column) + ": " + message;
  }

  size_t column() const { return at + 1; }

  void readItem() {
    char c = text[at];
    if (c == ',')
      ++at;
    else if (c == '(')
      openGroup();
    else if (c == ')')
      closeGroup();
    else if (isToken(c))
      readToken(c);
    else
      fail(column(), shown(c) + " is not part of a layout; allowed: E t m L | ( ) , and '*' with a "
                                "count behind a token or a group");
  }

  void openGroup() {
    if (groupAt)
      return fail(column(), "groups do not nest; '(' at column " + std::to_string(groupAt) +
                                " is still open");
    groupAt = column();
    groupBegin = tokens.size();
    ++at;
  }

  void closeGroup() {
    if (!groupAt)
      return fail(column(), "')' without a '('");
    if (tokens.size() == groupBegin)
      return fail(groupAt, "the group is empty; it must hold at least one of E t m L |");
    groupAt = 0;
    ++at;
    if (at == text.size() || text[at] != '*')
      return fail(column(), "a group needs '*' and a count behind its ')'");
    repeat(groupBegin);
  }

  void readToken(char c) {
    size_t begin = tokens.size();
    tokens.push_back({c, column()});
    ++at;
    if (at < text.size() && text[at] == '*')
      repeat(begin);
    else if (tokens.size() > kMaxLayoutTokens)
      failTooLong();
  }

  // At '*': what began at `begin` comes as often as the count says.
  void repeat(size_t begin) {
    size_t starAt = column();
    int64_t count = 0;
    for (++at; at < text.size() && isDigit(text[at]); ++at)
      count = std::min<int64_t>(count * 10 + (text[at] - '0'), kMaxLayoutTokens + 1);
    if (at == starAt || count == 0)
      return fail(starAt + 1, "'*' needs a count of at least 1 behind it");
    size_t length = tokens.size() - begin;
    if (begin + length * static_cast<size_t>(count) > kMaxLayoutTokens)
      return failTooLong();
    for (int64_t i = 1; i < count; ++i)
      for (size_t j = 0; j < length; ++j)
        tokens.push_back(tokens[begin + j]);
  }

  void failTooLong() {
    fail(column(), "the layout grows beyond " + std::to_string(kMaxLayoutTokens) + " tokens");
  }

  std::string_view text;
  size_t at = 0;
  size_t groupAt = 0; // column of the open '('; 0: none
  size_t groupBegin = 0;
};

// What Megatron-LM demands of the order of tokens; the first token that breaks it.
std::string findMisplaced(const std::vector<Token> &tokens, size_t length) {
  auto at = [](const Token &token, const char *message) {
    return "column " + std::to_string(token.column) + ": " + message;
  };
  size_t mtp = 0, end = tokens.size();
  if (tokens.empty() || tokens.front().kind != 'E')
    return "column 1: a layout begins with E, the embedding";
  for (size_t i = 0; i < end; ++i) {
    const Token &token = tokens[i];
    mtp += token.kind == 'm';
    if (token.kind == 'E' && i > 0)
      return at(token, "there is a second E; the embedding is held once, at the beginning");
    if (token.kind == 'L' && i + 1 < end)
      return at(token, "L, the loss, is not at the end");
    if (token.kind == 't' && mtp > 0)
      return at(token, "t behind m; layers of multi-token prediction come last");
  }
  if (tokens.back().kind != 'L')
    return "column " + std::to_string(length) + ": a layout ends with L, the loss";
  return {};
}

} // namespace

LayoutString sigma::megatron::parseLayoutString(std::string_view text) {
  LayoutString layout;
  Unroller unroller(text);
  layout.error = unroller.run() ? findMisplaced(unroller.tokens, std::max<size_t>(1, text.size()))
                                : unroller.error;
  if (!layout.error.empty())
    return layout;
  layout.stages.emplace_back();
  for (const Token &token : unroller.tokens) {
    if (token.kind == '|')
      layout.stages.emplace_back();
    VirtualStage &stage = layout.stages.back();
    stage.layers += token.kind == 't';
    stage.mtpLayers += token.kind == 'm';
    stage.hasEmbedding |= token.kind == 'E';
    stage.hasLoss |= token.kind == 'L';
  }
  return layout;
}

// "t*5", "tt".
static std::string printTokens(char kind, int64_t count) {
  if (count > 2)
    return std::string(1, kind) + "*" + std::to_string(count);
  return std::string(static_cast<size_t>(count), kind);
}

static std::string printStage(const VirtualStage &stage) {
  return (stage.hasEmbedding ? "E" : "") + printTokens('t', stage.layers) +
         printTokens('m', stage.mtpLayers) + (stage.hasLoss ? "L" : "");
}

std::string sigma::megatron::printLayoutString(const std::vector<VirtualStage> &stages) {
  std::string text;
  for (size_t first = 0, end; first < stages.size(); first = end) {
    end = first + 1;
    while (end + 1 < stages.size() && stages[end] == stages[first])
      ++end;
    std::string stage = printStage(stages[first]);
    if (end == stages.size())
      text += stage;
    else if (end - first > 1)
      text += "(" + stage + "|)*" + std::to_string(end - first);
    else
      text += stage + "|";
  }
  return text;
}
