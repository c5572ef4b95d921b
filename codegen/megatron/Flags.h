// The flags of a launch command: what a shell script, a command line or a list of arguments says.
#ifndef CODEGEN_MEGATRON_FLAGS_H
#define CODEGEN_MEGATRON_FLAGS_H

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sigma::megatron {

struct Word {
  std::string text; // without quotes; variables that the text sets are replaced by their values
  size_t line = 1, column = 1;
  bool isUnresolved = false; // holds a variable that the text does not set
};

// A word that begins with --, and the words behind it up to the next one or the end of the command.
struct Flag {
  Word name;
  std::vector<Word> values; // also of --name=value
};

// What is wrong with a text, and where.
struct TextError {
  std::string message;         // empty: nothing
  size_t line = 0, column = 0; // 0: with the text as a whole
};

struct FlagList {
  std::vector<Flag> flags;
  TextError error; // then there are no flags
};

// Of POSIX shells and Bash: quotes, backslashes, comments, assignments, $NAME, ${NAME},
// ${NAME:-value}, arrays; everything that is no flag is passed over. What a shell would take for a
// pipe or a pattern is kept, so that a list of arguments needs no quotes.
FlagList readFlags(std::string_view text);

} // namespace sigma::megatron

#endif
