// Sizes and times as people write them.
#ifndef SIGMA_PLANNER_UNITS_H
#define SIGMA_PLANNER_UNITS_H

#include <cstdint>
#include <string>

namespace sigma::planner {

enum class Round { Nearest, Up };

// "15.0 GiB", "312.4 MiB", "9.5 KiB", "17 B": one decimal in the largest unit that leaves
// at least 1.
std::string formatBytes(int64_t bytes, Round round = Round::Nearest);

// The value that formatBytes(bytes, Round::Up) prints, in bytes.
int64_t roundUpBytes(int64_t bytes);

// "1.234 s", "56.70 ms", "8.90 us", "12 ns".
std::string formatNs(double ns);

// "16.0 GiB less 6 % margin" together with what is left: "15.0 GiB (16.0 GiB less 6 % margin)".
std::string formatCapacity(int64_t memoryBytes, int64_t marginPpm);

} // namespace sigma::planner

#endif
