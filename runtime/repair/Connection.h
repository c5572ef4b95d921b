// A line of JSON at a time, over a socket between a process of the job and its supervisor.
#ifndef SIGMA_RUNTIME_REPAIR_CONNECTION_H
#define SIGMA_RUNTIME_REPAIR_CONNECTION_H

#include "runtime/Log.h"

#include <optional>
#include <string>
#include <vector>

namespace sigma::runtime {

class Connection {
public:
  Connection() = default;
  /// Owns the socket.
  explicit Connection(int socket);
  Connection(Connection &&other) noexcept { *this = std::move(other); }
  Connection &operator=(Connection &&other) noexcept;
  ~Connection() { close(); }

  /// To the first of the addresses that answers; closed where none does.
  static Connection to(const std::vector<std::string> &addresses, int port);

  bool isOpen() const { return socket >= 0; }
  int descriptor() const { return socket; }
  void close();

  /// Closes where the other side is gone, or reads nothing any more.
  void send(const Json &message);
  /// The next message that has arrived; waits for none. Closes at the end of the stream, and at
  /// what is no message.
  std::optional<Json> next();
  /// Waits for a message, or the end of the stream, for so long.
  std::optional<Json> await(int milliseconds);

private:
  int socket = -1;
  std::string arrived;
};

} // namespace sigma::runtime

#endif
