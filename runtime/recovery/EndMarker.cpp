#include "runtime/recovery/EndMarker.h"
#include "runtime/Log.h"

#include <unistd.h>

#include <cstdio>
#include <fstream>

namespace sigma::runtime {

void writeEndMarker(const std::string &path, int status, const std::string &reason) {
  if (path.empty())
    return;
  const std::string temporary = path + "." + std::to_string(getpid());
  std::ofstream(temporary) << Json{{"status", status}, {"reason", reason}}.dump(
                                  -1, ' ', false, Json::error_handler_t::replace)
                           << "\n";
  std::rename(temporary.c_str(), path.c_str());
}

bool readEndMarker(const std::string &path, int &status, std::string &reason) {
  std::ifstream file(path);
  const Json marker = Json::parse(file, nullptr, /*allow_exceptions=*/false);
  if (!marker.is_object() || !marker.contains("status") || !marker["status"].is_number_integer())
    return false;
  status = marker["status"];
  reason = marker.value("reason", "");
  return true;
}

} // namespace sigma::runtime
