// Writes the payload of a rank file in the background: O_DIRECT where pages are whole, through the
// page cache elsewhere and on file systems without O_DIRECT, then fsync. Calls no HDF5.
#ifndef SIGMA_RUNTIME_CHECKPOINT_PAYLOAD_H
#define SIGMA_RUNTIME_CHECKPOINT_PAYLOAD_H

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace sigma::runtime {

struct PayloadPiece {
  const char *data; // on a page boundary
  int64_t bytes;
  int64_t place; // in the file
};

struct PayloadResult {
  std::string error; // empty: all pieces are durable
  std::vector<uint32_t> checksums;
  bool direct = false;
  int64_t writeNs = 0;
};

/// Writes all pieces into an existing file.
PayloadResult writePayload(const std::string &path, const std::vector<PayloadPiece> &pieces);

/// A thread that takes no signals: these are the main thread's.
std::thread startQuietThread(std::function<void()> work);

class PayloadWriter {
public:
  ~PayloadWriter();
  void start(std::string path, std::vector<PayloadPiece> pieces);
  bool done() const { return finished; }
  /// Waits for the end.
  PayloadResult take();

private:
  std::thread thread;
  std::atomic<bool> finished{true};
  PayloadResult result;
};

} // namespace sigma::runtime

#endif
