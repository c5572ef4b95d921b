#include "codegen/megatron/Flags.h"

#include <algorithm>
#include <cctype>
#include <map>

using namespace sigma::megatron;

namespace {

bool isNameStart(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_'; }
bool isNamePart(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }
bool isBlank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

size_t nameLength(std::string_view text) {
  if (text.empty() || !isNameStart(text.front()))
    return 0;
  return static_cast<size_t>(std::find_if_not(text.begin(), text.end(), isNamePart) - text.begin());
}

// A shell's words, one after the other.
class Reader {
public:
  explicit Reader(std::string_view text) : text(text) {}

  FlagList run() {
    while (list.error.message.empty() && skipToWord())
      readWord();
    if (!list.error.message.empty())
      list.flags.clear();
    return std::move(list);
  }

private:
  bool atEnd() const { return at == text.size(); }
  char next(size_t ahead = 0) const { return at + ahead < text.size() ? text[at + ahead] : '\0'; }

  void advance() {
    column = text[at] == '\n' ? 1 : column + 1;
    line += text[at] == '\n';
    ++at;
  }

  void fail(size_t errorLine, size_t errorColumn, const std::string &message) {
    list.error = {message, errorLine, errorColumn};
  }

  // Over blanks, comments and continued lines. The end of a line does not end a flag: arguments may
  // stand one on a line.
  bool skipToWord() {
    while (!atEnd()) {
      if (isBlank(next()) || next() == '\n') {
        advance();
      } else if (next() == '\\' && (next(1) == '\n' || (next(1) == '\r' && next(2) == '\n'))) {
        advance();
      } else if (next() == '#') {
        while (!atEnd() && next() != '\n')
          advance();
      } else {
        return true;
      }
    }
    return false;
  }

  void readWord() {
    startWord();
    while (list.error.message.empty() && !atEnd() && !isBlank(next()) && next() != '\n' &&
           !closesArray) {
      switch (char c = next()) {
      case '\'':
        readSingleQuoted();
        break;
      case '"':
        readDoubleQuoted();
        break;
      case '$':
        readVariable();
        break;
      case '\\':
        readEscaped();
        break;
      case '(':
      case ')':
        readParenthesis(c);
        break;
      default:
        take();
      }
    }
    if (list.error.message.empty())
      finishWord();
  }

  void startWord() {
    word = Word();
    word.line = line;
    word.column = column;
    depth = 0;
    isQuoted = closesArray = false;
  }

  // NAME=( and NAME+=( begin an array, a ) that nothing in the word opens ends it; others are text.
  void readParenthesis(char c) {
    size_t length = nameLength(word.text);
    std::string_view behind = std::string_view(word.text).substr(length);
    if (c == '(' && length > 0 && !isQuoted && (behind == "=" || behind == "+=")) {
      advance();
      endCommand();
      return startWord();
    }
    if (c == ')' && depth == 0) {
      advance();
      closesArray = true;
      return;
    }
    depth += c == '(' ? 1 : -1;
    take();
  }

  void take() {
    word.text += next();
    advance();
  }

  void readEscaped() {
    advance();
    if (next() == '\n')
      advance();
    else if (!atEnd())
      take();
  }

  void readSingleQuoted() {
    size_t quoteLine = line, quoteColumn = column;
    isQuoted = true;
    advance();
    while (!atEnd() && next() != '\'')
      take();
    if (atEnd())
      return fail(quoteLine, quoteColumn, "the quote ' is not closed");
    advance();
  }

  void readDoubleQuoted() {
    size_t quoteLine = line, quoteColumn = column;
    isQuoted = true;
    advance();
    while (list.error.message.empty() && !atEnd() && next() != '"') {
      if (next() == '$')
        readVariable();
      else if (next() == '\\' &&
               std::string_view("\"\\$`\n").find(next(1)) != std::string_view::npos)
        readEscaped();
      else
        take();
    }
    if (!list.error.message.empty())
      return;
    if (atEnd())
      return fail(quoteLine, quoteColumn, "the quote \" is not closed");
    advance();
  }

  // $NAME, ${NAME}, ${NAME:-value}; anything else stays as it is and cannot be resolved.
  void readVariable() {
    std::string_view rest = text.substr(at + 1);
    bool isBraced = !rest.empty() && rest.front() == '{';
    std::string_view name = rest.substr(isBraced);
    std::string_view behind = name.substr(nameLength(name));
    name = name.substr(0, nameLength(name));
    std::string_view fallback;
    bool hasFallback = isBraced && behind.substr(0, 2) == ":-";
    if (hasFallback) {
      fallback =
          behind.substr(2, behind.find('}') == std::string_view::npos ? std::string_view::npos
                                                                      : behind.find('}') - 2);
      behind = behind.substr(2 + fallback.size());
    }
    bool isClosed = !isBraced || (!behind.empty() && behind.front() == '}');
    auto value = variables.find(std::string(name));
    bool isKnown = !name.empty() && isClosed && (value != variables.end() || hasFallback) &&
                   fallback.find('$') == std::string_view::npos;
    if (!isKnown) {
      word.isUnresolved = true;
      return take();
    }
    word.text += value != variables.end() ? value->second : std::string(fallback);
    size_t length = static_cast<size_t>(behind.data() - text.data()) + isBraced - at;
    for (size_t i = 0; i < length; ++i)
      advance();
  }

  void finishWord() {
    bool isWord = isQuoted || !word.text.empty();
    if (!isQuoted && isOperator())
      endCommand();
    else if (size_t length = nameLength(word.text);
             length > 0 && word.text.size() > length && word.text[length] == '=')
      assign(word.text.substr(0, length), word.text.substr(length + 1));
    else if (word.text.substr(0, 2) == "--" && word.text.size() > 2)
      addFlag();
    else if (isWord && isOpen)
      list.flags.back().values.push_back(word);
    if (closesArray)
      endCommand();
  }

  bool isOperator() const {
    return word.text == "&&" || word.text == "||" || word.text == ";" || word.text == "|" ||
           word.text == "&" || word.text == "(";
  }

  // Scripts keep flags in variables.
  void assign(const std::string &name, const std::string &value) {
    endCommand();
    if (!word.isUnresolved)
      variables[name] = value;
    if (value.find("--") == std::string::npos)
      return;
    Reader inner(value);
    inner.variables = variables;
    FlagList found = inner.run();
    if (!found.error.message.empty())
      return fail(word.line, word.column, name + " holds flags and a quote that is not closed");
    for (Flag &flag : found.flags) {
      move(flag.name);
      for (Word &text : flag.values)
        move(text);
      list.flags.push_back(flag);
    }
  }

  // To where the variable is set.
  void move(Word &inner) const {
    inner.line = word.line;
    inner.column = word.column;
  }

  void addFlag() {
    Flag flag;
    flag.name = word;
    if (size_t equals = word.text.find('='); equals != std::string::npos) {
      flag.values.push_back(word);
      flag.values.back().text.erase(0, equals + 1);
      flag.values.back().column += equals + 1;
      flag.name.text.resize(equals);
    }
    list.flags.push_back(flag);
    isOpen = true;
  }

  void endCommand() { isOpen = false; }

  std::string_view text;
  size_t at = 0, line = 1, column = 1;
  Word word;
  bool isOpen = false; // words belong to the last flag
  int depth = 0;       // of parentheses inside the word
  bool isQuoted = false, closesArray = false;
  std::map<std::string, std::string> variables;
  FlagList list;
};

} // namespace

FlagList sigma::megatron::readFlags(std::string_view text) { return Reader(text).run(); }
