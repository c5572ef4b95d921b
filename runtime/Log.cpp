#include "runtime/Log.h"

#include <fcntl.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <stdexcept>

namespace sigma::runtime {

Log::~Log() {
  if (file >= 0)
    close(file);
}

void Log::open(const std::string &path) {
  if (path.empty())
    return;
  file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0)
    throw std::runtime_error("cannot open the log " + path + ": " + std::strerror(errno));
}

void Log::write(const Json &line) const {
  if (file < 0)
    return;
  const std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  // A full disk must not stop the training: the line is lost, the run is not.
  if (::write(file, text.data(), text.size()) < 0)
    std::fprintf(stderr, "train: warning: cannot write to the log: %s\n", std::strerror(errno));
}

void Log::event(const std::string &kind, const Json &fields) const {
  Json line = {{"event", kind}, {"time", timeStamp()}};
  line.update(fields);
  write(line);
}

std::string timeStamp() {
  timeval now;
  gettimeofday(&now, nullptr);
  tm parts;
  gmtime_r(&now.tv_sec, &parts);
  char seconds[32], text[48];
  std::strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text, sizeof(text), "%s.%03dZ", seconds, int(now.tv_usec / 1000));
  return text;
}

std::string hexFloat(double value) {
  char text[40];
  std::snprintf(text, sizeof(text), "%a", value);
  return text;
}

} // namespace sigma::runtime
