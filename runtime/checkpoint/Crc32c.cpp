#include "runtime/checkpoint/Crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace sigma::runtime {

static std::array<uint32_t, 256> makeTable() {
  std::array<uint32_t, 256> table;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit)
      crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
    table[byte] = crc;
  }
  return table;
}

uint32_t crc32cByTable(const void *data, size_t size, uint32_t before) {
  static const std::array<uint32_t, 256> table = makeTable();
  const auto *bytes = static_cast<const uint8_t *>(data);
  uint32_t crc = ~before;
  for (size_t i = 0; i < size; ++i)
    crc = crc >> 8 ^ table[(crc ^ bytes[i]) & 0xff];
  return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t byInstruction(const uint8_t *bytes, size_t size,
                                                                uint32_t before) {
  uint64_t crc = uint32_t(~before);
  size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    uint64_t word;
    std::memcpy(&word, bytes + i, 8);
    crc = _mm_crc32_u64(crc, word);
  }
  for (; i < size; ++i)
    crc = _mm_crc32_u8(uint32_t(crc), bytes[i]);
  return ~uint32_t(crc);
}
#endif

uint32_t crc32c(const void *data, size_t size, uint32_t before) {
#if defined(__x86_64__)
  static const bool hasInstruction = __builtin_cpu_supports("sse4.2");
  if (hasInstruction)
    return byInstruction(static_cast<const uint8_t *>(data), size, before);
#endif
  return crc32cByTable(data, size, before);
}

} // namespace sigma::runtime
