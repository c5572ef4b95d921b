#include "runtime/repair/Connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace sigma::runtime {

constexpr size_t kMostOfLine = 16 << 20;
constexpr int kConnectMs = 2000;

Connection::Connection(int socket) : socket(socket) {
  fcntl(socket, F_SETFL, O_NONBLOCK);
  fcntl(socket, F_SETFD, FD_CLOEXEC);
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

Connection &Connection::operator=(Connection &&other) noexcept {
  std::swap(socket, other.socket);
  std::swap(arrived, other.arrived);
  return *this;
}

void Connection::close() {
  if (socket >= 0)
    ::close(socket);
  socket = -1;
}

static bool becomes(int socket, short event, int milliseconds) {
  pollfd one = {socket, event, 0};
  return poll(&one, 1, milliseconds) > 0;
}

/// The error of a connection that was being made.
static bool isConnected(int socket) {
  int error = 0;
  socklen_t size = sizeof(error);
  return becomes(socket, POLLOUT, kConnectMs) &&
         getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

Connection Connection::to(const std::vector<std::string> &addresses, int port) {
  for (const std::string &address : addresses) {
    sockaddr_in where = {};
    where.sin_family = AF_INET;
    where.sin_port = htons(uint16_t(port));
    if (inet_pton(AF_INET, address.c_str(), &where.sin_addr) != 1)
      continue;
    Connection made(::socket(AF_INET, SOCK_STREAM, 0));
    const int result =
        connect(made.socket, reinterpret_cast<const sockaddr *>(&where), sizeof(where));
    if (result == 0 || (errno == EINPROGRESS && isConnected(made.socket)))
      return made;
  }
  return Connection();
}

void Connection::send(const Json &message) {
  const std::string text = message.dump() + "\n";
  for (size_t sent = 0; isOpen() && sent < text.size();) {
    const ssize_t now = ::send(socket, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (now > 0)
      sent += size_t(now);
    else if (errno == EINTR)
      continue;
    else if ((errno != EAGAIN && errno != EWOULDBLOCK) || !becomes(socket, POLLOUT, kConnectMs))
      close();
  }
}

std::optional<Json> Connection::next() {
  while (isOpen()) {
    if (const size_t end = arrived.find('\n'); end != std::string::npos) {
      Json message = Json::parse(arrived.begin(), arrived.begin() + long(end), nullptr,
                                 /*allow_exceptions=*/false);
      arrived.erase(0, end + 1);
      if (message.is_object())
        return message;
      close();
      break;
    }
    char part[4096];
    const ssize_t size = recv(socket, part, sizeof(part), 0);
    if (size > 0)
      arrived.append(part, size_t(size));
    else if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
      break;
    else if (size == 0 || errno != EINTR)
      close();
    if (arrived.size() > kMostOfLine)
      close();
  }
  return std::nullopt;
}

std::optional<Json> Connection::await(int milliseconds) {
  if (std::optional<Json> here = next())
    return here;
  if (isOpen())
    becomes(socket, POLLIN, milliseconds);
  return next();
}

} // namespace sigma::runtime
