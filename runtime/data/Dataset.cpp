#include "runtime/data/Dataset.h"
#include "runtime/checkpoint/Crc32c.h"
#include "runtime/data/Permutation.h"
#include "runtime/health/Fault.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sigma::runtime {

Dataset::~Dataset() {
  if (text)
    munmap(const_cast<uint8_t *>(text), size);
}

void Dataset::open(const std::string &path, int64_t length, int64_t vocabulary, uint64_t key) {
  if (vocabulary < 256)
    throw UserError(path +
                    ": a file of bytes needs a vocabulary of at least 256, and this program's is " +
                    std::to_string(vocabulary));
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (file < 0 || fstat(file, &status) != 0) {
    const std::string reason = std::strerror(errno);
    if (file >= 0)
      close(file);
    throw UserError(path + ": cannot open the data file: " + reason);
  }
  if (!S_ISREG(status.st_mode) || status.st_size < length + 1) {
    close(file);
    throw UserError(path + (S_ISREG(status.st_mode)
                                ? ": the data file has " + std::to_string(status.st_size) +
                                      " bytes; one sample needs " + std::to_string(length + 1)
                                : ": the data is not a regular file"));
  }
  void *memory = mmap(nullptr, status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
  close(file);
  if (memory == MAP_FAILED)
    throw UserError(path + ": cannot map the data file: " + std::strerror(errno));
  text = static_cast<const uint8_t *>(memory);
  size = status.st_size;
  sequence = length;
  seed = key;
}

Sample Dataset::sample(int64_t number) const {
  const int64_t epoch = number / windows();
  const Permutation order(windows(),
                          philoxKey(seed, "data order of epoch " + std::to_string(epoch)));
  return Sample(text + int64_t(order(number % windows())) * sequence);
}

uint32_t Dataset::checksum() const { return crc32c(text, size); }

} // namespace sigma::runtime
