#include "runtime/recovery/Witness.h"
#include "runtime/WholeFile.h"
#include "runtime/comm/Wait.h"
#include "runtime/recovery/Hook.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace sigma::runtime {

constexpr int64_t kSecondNs = 1000000000;

Witness::Witness(const Options &options)
    : options(options), follower(options.log), metrics(nowNs()) {}

Witness::~Witness() {
  writtenNs = 0;
  look();
}

std::vector<Json> Witness::look() {
  std::vector<Json> lines = follower.newLines();
  for (const Json &line : lines) {
    metrics.add(line, nowNs());
    const std::string event = line.value("event", "");
    if (!options.onFault.empty() && (event == "fault" || event == "slow-rank"))
      tellSite(options.onFault, line);
  }
  if (!options.metrics.empty() && nowNs() - writtenNs >= kSecondNs)
    writeMetrics();
  return lines;
}

void Witness::writeMetrics() {
  writtenNs = nowNs();
  if (!replaceFile(options.metrics, metrics.text(writtenNs)))
    std::fprintf(stderr, "train: warning: cannot write %s: %s\n", options.metrics.c_str(),
                 std::strerror(errno));
}

} // namespace sigma::runtime
