#include "planner/Units.h"

#include "planner/memory/StageMemory.h"

#include <cmath>
#include <cstdio>

using namespace sigma::planner;

static int64_t unitOf(int64_t bytes) {
  int64_t unit = 1;
  while (bytes / 1024 >= unit && unit < (int64_t(1) << 30))
    unit *= 1024;
  return unit;
}

static const char *unitName(int64_t unit) {
  switch (unit) {
  case 1:
    return "B";
  case 1 << 10:
    return "KiB";
  case 1 << 20:
    return "MiB";
  default:
    return "GiB";
  }
}

std::string sigma::planner::formatBytes(int64_t bytes, Round round) {
  if (round == Round::Up)
    bytes = roundUpBytes(bytes);
  int64_t unit = unitOf(bytes < 0 ? -bytes : bytes);
  char text[64];
  snprintf(text, sizeof(text), unit == 1 ? "%.0f %s" : "%.1f %s", double(bytes) / double(unit),
           unitName(unit));
  return text;
}

int64_t sigma::planner::roundUpBytes(int64_t bytes) {
  int64_t unit = unitOf(bytes);
  if (unit == 1)
    return bytes;
  __int128 tenths = (__int128(bytes) * 10 + unit - 1) / unit;
  return static_cast<int64_t>((tenths * unit + 9) / 10);
}

std::string sigma::planner::formatNs(double ns) {
  char text[64];
  double size = std::fabs(ns);
  if (size >= 1e9)
    snprintf(text, sizeof(text), "%.3f s", ns * 1e-9);
  else if (size >= 1e6)
    snprintf(text, sizeof(text), "%.2f ms", ns * 1e-6);
  else if (size >= 1e3)
    snprintf(text, sizeof(text), "%.2f us", ns * 1e-3);
  else
    snprintf(text, sizeof(text), "%.0f ns", ns);
  return text;
}

std::string sigma::planner::formatCapacity(int64_t memoryBytes, int64_t marginPpm) {
  char margin[32];
  snprintf(margin, sizeof(margin), "%g", double(marginPpm) * 1e-4);
  return formatBytes(usableMemoryBytes(memoryBytes, marginPpm)) + " (" + formatBytes(memoryBytes) +
         " less " + margin + " % margin)";
}
