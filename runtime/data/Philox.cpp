#include "runtime/data/Philox.h"

namespace sigma::runtime {

PhiloxCounter philox(PhiloxCounter c, PhiloxKey key) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t(0xD2511F53u) * c[0], b = uint64_t(0xCD9E8D57u) * c[2];
    c = {uint32_t(b >> 32) ^ c[1] ^ key[0], uint32_t(b), uint32_t(a >> 32) ^ c[3] ^ key[1],
         uint32_t(a)};
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  return c;
}

uint64_t fnv1a(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325ull;
  for (const char c : text)
    hash = (hash ^ uint8_t(c)) * 0x100000001b3ull;
  return hash;
}

PhiloxKey philoxKey(uint64_t seed, std::string_view purpose) {
  // The seed goes through Philox itself, so that neighbouring seeds give unrelated keys.
  const uint64_t hash = fnv1a(purpose);
  const PhiloxCounter mixed =
      philox({uint32_t(seed), uint32_t(seed >> 32), 0, 0}, {uint32_t(hash), uint32_t(hash >> 32)});
  return {mixed[0], mixed[1]};
}

} // namespace sigma::runtime
