// CRC-32C (Castagnoli; RFC 3720, appendix B.4), by the processor's instruction where there is one.
#ifndef SIGMA_RUNTIME_CHECKPOINT_CRC32C_H
#define SIGMA_RUNTIME_CHECKPOINT_CRC32C_H

#include <cstddef>
#include <cstdint>

namespace sigma::runtime {

/// The checksum of `size` more bytes after those of which `before` is the checksum.
uint32_t crc32c(const void *data, size_t size, uint32_t before = 0);

/// The same without the instruction.
uint32_t crc32cByTable(const void *data, size_t size, uint32_t before = 0);

} // namespace sigma::runtime

#endif
