#include "runtime/ResidentMemory.h"

#include <fstream>
#include <string>

namespace sigma::runtime {

static int64_t bytesOf(const std::string &field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind(field, 0) == 0)
      return std::stoll(line.substr(field.size())) * 1024;
  return 0;
}

int64_t residentBytes() { return bytesOf("VmRSS:"); }
int64_t peakResidentBytes() { return bytesOf("VmHWM:"); }

} // namespace sigma::runtime
