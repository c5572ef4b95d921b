#include "codegen/launch/Launch.h"
#include "runtime/abi/abi.h"

namespace sigma::launch {

static const std::string kBegin = SIGMA_FALLBACK;

std::string fallbackName(int64_t devices) { return kBegin + std::to_string(devices); }

bool isFallbackName(const std::string &folder) {
  return folder.size() > kBegin.size() && folder.compare(0, kBegin.size(), kBegin) == 0 &&
         folder.find_first_not_of("0123456789", kBegin.size()) == std::string::npos;
}

} // namespace sigma::launch
