#include "runtime/recovery/Follower.h"

#include <filesystem>
#include <fstream>

namespace sigma::runtime {

LogFollower::LogFollower(std::string path) : path(std::move(path)) {
  std::error_code missing;
  const auto size = std::filesystem::file_size(this->path, missing);
  read = missing ? 0 : int64_t(size);
}

std::vector<Json> LogFollower::newLines() {
  std::vector<Json> lines;
  std::ifstream file(path);
  file.seekg(read);
  // A line without an end is still being written.
  for (std::string text; std::getline(file, text) && !file.eof();) {
    read += int64_t(text.size()) + 1;
    if (Json line = Json::parse(text, nullptr, /*allow_exceptions=*/false); line.is_object())
      lines.push_back(std::move(line));
  }
  return lines;
}

} // namespace sigma::runtime
