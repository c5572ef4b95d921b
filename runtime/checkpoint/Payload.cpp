#include "runtime/checkpoint/Payload.h"
#include "runtime/checkpoint/Crc32c.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <system_error>

namespace sigma::runtime {
namespace {

constexpr int64_t kPage = 4096;
constexpr int64_t kMostPerCall = 8 << 20;

class File {
public:
  File(const std::string &path, int flags) : id(open(path.c_str(), O_WRONLY | O_CLOEXEC | flags)) {}
  File(const File &) = delete;
  File &operator=(const File &) = delete;
  ~File() {
    if (id >= 0)
      close(id);
  }
  bool isOpen() const { return id >= 0; }

  void write(const char *data, int64_t bytes, int64_t place) const {
    while (bytes > 0) {
      const ssize_t n = pwrite(id, data, std::min(bytes, kMostPerCall), place);
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        throw std::system_error(n < 0 ? errno : ENOSPC, std::generic_category(), "write");
      data += n;
      bytes -= n;
      place += n;
    }
  }
  void sync() const {
    if (fsync(id) != 0)
      throw std::system_error(errno, std::generic_category(), "fsync");
  }

private:
  int id;
};

/// Writes the whole pages of a piece around the page cache; gives how much that was. Some file
/// systems open with O_DIRECT and refuse to write.
int64_t writeDirectly(const File &file, const PayloadPiece &piece, bool &direct) {
  if (!direct || piece.place % kPage != 0)
    return 0;
  const int64_t bytes = piece.bytes / kPage * kPage;
  try {
    file.write(piece.data, bytes, piece.place);
  } catch (const std::system_error &error) {
    if (error.code().value() != EINVAL)
      throw;
    direct = false;
    return 0;
  }
  return bytes;
}

int64_t now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return int64_t(t.tv_sec) * 1000000000 + t.tv_nsec;
}

void writeAll(const std::string &path, const std::vector<PayloadPiece> &pieces,
              PayloadResult &result) {
  const File cached(path, 0), uncached(path, O_DIRECT);
  if (!cached.isOpen())
    throw std::system_error(errno, std::generic_category(), "open");
  result.direct = uncached.isOpen();
  for (const PayloadPiece &piece : pieces) {
    result.checksums.push_back(crc32c(piece.data, piece.bytes));
    const int64_t done = writeDirectly(uncached, piece, result.direct);
    cached.write(piece.data + done, piece.bytes - done, piece.place + done);
  }
  cached.sync();
}

} // namespace

PayloadResult writePayload(const std::string &path, const std::vector<PayloadPiece> &pieces) {
  PayloadResult result;
  const int64_t start = now();
  try {
    writeAll(path, pieces, result);
  } catch (const std::exception &error) {
    result.error = path + ": " + error.what();
  }
  result.writeNs = now() - start;
  return result;
}

std::thread startQuietThread(std::function<void()> work) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before); // the new thread inherits the mask
  std::thread thread(std::move(work));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

PayloadWriter::~PayloadWriter() {
  if (thread.joinable())
    thread.join();
}

void PayloadWriter::start(std::string path, std::vector<PayloadPiece> pieces) {
  finished = false;
  thread = startQuietThread([this, path = std::move(path), pieces = std::move(pieces)] {
    result = writePayload(path, pieces);
    finished = true;
  });
}

PayloadResult PayloadWriter::take() {
  if (thread.joinable())
    thread.join();
  return std::move(result);
}

} // namespace sigma::runtime
