#include "runtime/recovery/EndMarker.h"
#include "runtime/Log.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>

namespace sigma::runtime {

void writeEndMarker(const std::string &path, const EndMarker &marker) {
  if (path.empty())
    return;
  const std::string temporary = path + "." + std::to_string(getpid());
  std::ofstream(temporary) << Json{{"status", marker.status},
                                   {"kind", marker.kind},
                                   {"reason", marker.reason},
                                   {"step", marker.step},
                                   {"rank", marker.rank}}
                                  .dump(-1, ' ', false, Json::error_handler_t::replace)
                           << "\n";
  if (link(temporary.c_str(), path.c_str()) == 0 || errno == EEXIST)
    unlink(temporary.c_str());
  else // a file system without links
    std::rename(temporary.c_str(), path.c_str());
}

std::optional<EndMarker> readEndMarker(const std::string &path) {
  std::ifstream file(path);
  const Json marker = Json::parse(file, nullptr, /*allow_exceptions=*/false);
  if (!marker.is_object() || !marker.contains("status") || !marker["status"].is_number_integer())
    return std::nullopt;
  return EndMarker{marker["status"], marker.value("kind", ""), marker.value("reason", ""),
                   marker.value("step", int64_t(-1)), marker.value("rank", int64_t(-1))};
}

} // namespace sigma::runtime
