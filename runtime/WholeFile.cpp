#include "runtime/WholeFile.h"

#include <cstdio>
#include <fstream>

namespace sigma::runtime {

bool replaceFile(const std::string &path, const std::string &text) {
  const std::string temporary = path + ".new";
  std::ofstream file(temporary);
  file << text;
  file.close();
  return file && std::rename(temporary.c_str(), path.c_str()) == 0;
}

} // namespace sigma::runtime
