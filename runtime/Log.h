// The JSON-lines log. Every line is one append of a whole line, so several processes may write to
// one file.
#ifndef SIGMA_RUNTIME_LOG_H
#define SIGMA_RUNTIME_LOG_H

#include <nlohmann/json.hpp>

#include <string>

namespace sigma::runtime {

using Json = nlohmann::ordered_json;

class Log {
public:
  Log() = default;
  Log(const Log &) = delete;
  Log &operator=(const Log &) = delete;
  ~Log();

  /// An empty path makes a log that drops its lines. Throws when the file cannot be opened.
  void open(const std::string &path);
  void write(const Json &line) const;
  /// {"event": kind, "time": now, ...fields}
  void event(const std::string &kind, const Json &fields = Json::object()) const;

private:
  int file = -1;
};

/// Now, as ISO 8601 in UTC with milliseconds.
std::string timeStamp();
/// C99 hexadecimal of the exact value.
std::string hexFloat(double value);

} // namespace sigma::runtime

#endif
