#include "runtime/data/Permutation.h"

namespace sigma::runtime {

Permutation::Permutation(uint64_t n, PhiloxKey key) : n(n), key(key) {
  while (halfBits < 32 && (uint64_t(1) << (2 * halfBits)) < n)
    ++halfBits;
}

uint64_t Permutation::encrypt(uint64_t x) const {
  const uint32_t mask = halfBits == 32 ? ~0u : (1u << halfBits) - 1;
  uint32_t left = uint32_t(x >> halfBits) & mask, right = uint32_t(x) & mask;
  for (uint32_t round = 0; round < 6; ++round) {
    const uint32_t mixed = left ^ (philox({right, round, 0, 0}, key)[0] & mask);
    left = right;
    right = mixed;
  }
  return uint64_t(left) << halfBits | right;
}

uint64_t Permutation::operator()(uint64_t index) const {
  do
    index = encrypt(index);
  while (index >= n);
  return index;
}

} // namespace sigma::runtime
