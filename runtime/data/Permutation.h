// A keyed permutation of [0, n) without a table: a Feistel network on the next power of four,
// walked until it lands inside (Black and Rogaway 2002).
#ifndef SIGMA_RUNTIME_DATA_PERMUTATION_H
#define SIGMA_RUNTIME_DATA_PERMUTATION_H

#include "runtime/data/Philox.h"

#include <cstdint>

namespace sigma::runtime {

class Permutation {
public:
  Permutation(uint64_t n, PhiloxKey key);
  uint64_t operator()(uint64_t index) const;

private:
  uint64_t encrypt(uint64_t x) const;

  uint64_t n;
  PhiloxKey key;
  int halfBits = 1;
};

} // namespace sigma::runtime

#endif
