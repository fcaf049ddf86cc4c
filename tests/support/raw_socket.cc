#include "support/raw_socket.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pharos::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

bool wait_readable(int fd, steady_clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
  pollfd waiting{fd, POLLIN, 0};
  return ::poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(0, left.count()))) > 0;
}

}  // namespace

RawSocket::RawSocket(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoul(address.substr(colon + 1))));
  ::inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    ::close(fd_);
    throw std::runtime_error("cannot connect to " + address);
  }
}

RawSocket::~RawSocket() {
  if (fd_ >= 0) ::close(fd_);
}

RawSocket::RawSocket(RawSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), ahead_(std::move(other.ahead_)), ended_(other.ended_) {}

bool RawSocket::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool RawSocket::read_more(std::string& into, steady_clock::time_point deadline) {
  if (ended_ || !wait_readable(fd_, deadline)) return false;
  std::array<char, 65536> buffer;
  const ssize_t n = ::recv(fd_, buffer.data(), buffer.size(), 0);
  if (n <= 0) {
    ended_ = true;
    return false;
  }
  into.append(buffer.data(), static_cast<std::size_t>(n));
  return true;
}

std::string RawSocket::read_until(std::string_view text, milliseconds limit) {
  const auto deadline = steady_clock::now() + limit;
  for (;;) {
    if (const std::size_t at = ahead_.find(text); at != std::string::npos) {
      std::string taken = ahead_.substr(0, at + text.size());
      ahead_.erase(0, taken.size());
      return taken;
    }
    if (!read_more(ahead_, deadline)) return std::exchange(ahead_, {});
  }
}

std::string RawSocket::read_bytes(std::size_t count, milliseconds limit) {
  const auto deadline = steady_clock::now() + limit;
  while (ahead_.size() < count && read_more(ahead_, deadline)) {
  }
  std::string taken = ahead_.substr(0, count);
  ahead_.erase(0, taken.size());
  return taken;
}

std::string RawSocket::read_to_end(milliseconds limit) {
  const auto deadline = steady_clock::now() + limit;
  while (read_more(ahead_, deadline)) {
  }
  return std::exchange(ahead_, {});
}

bool RawSocket::ends_within(milliseconds limit) {
  const auto deadline = steady_clock::now() + limit;
  ahead_.clear();
  while (read_more(ahead_, deadline)) ahead_.clear();
  return ended_;
}

void RawSocket::shutdown_write() { ::shutdown(fd_, SHUT_WR); }

void RawSocket::set_receive_buffer(int bytes) { ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes); }

std::string ws_frame(unsigned first_byte, std::string_view payload, bool masked) {
  std::string frame;
  const auto put = [&](std::size_t value, int bytes) {
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
      frame.push_back(static_cast<char>((value >> shift) & 0xffU));
  };
  const std::size_t mask_bit = masked ? 0x80 : 0;
  put(first_byte, 1);
  if (payload.size() <= 125) {
    put(mask_bit | payload.size(), 1);
  } else if (payload.size() <= 0xffff) {
    put(mask_bit | 126, 1);
    put(payload.size(), 2);
  } else {
    put(mask_bit | 127, 1);
    put(payload.size(), 8);
  }
  constexpr std::string_view kKey = "\x12\x34\x56\x78";
  if (masked) frame += kKey;
  for (std::size_t i = 0; i < payload.size(); ++i)
    frame.push_back(static_cast<char>(masked ? payload[i] ^ kKey[i % 4] : payload[i]));
  return frame;
}

std::string ws_close(std::uint16_t code, std::string_view reason) {
  std::string payload{static_cast<char>(code >> 8U), static_cast<char>(code & 0xffU)};
  return payload.append(reason);
}

std::string ws_request(std::string_view extra_headers) {
  std::string request =
      "GET / HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
  return request.append(extra_headers).append("\r\n");
}

struct ScriptedPeer::Impl {
  int listener = -1;
  int stop_pipe[2] = {-1, -1};
  std::uint16_t port = 0;
  std::thread thread;
};

ScriptedPeer::ScriptedPeer(Script script) : impl_(std::make_unique<Impl>()) {
  impl_->listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  if (::bind(impl_->listener, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 ||
      ::listen(impl_->listener, 64) != 0 ||
      ::getsockname(impl_->listener, reinterpret_cast<sockaddr*>(&at), &size) != 0 || ::pipe(impl_->stop_pipe) != 0)
    throw std::runtime_error("cannot listen on loopback");
  impl_->port = ntohs(at.sin_port);
  impl_->thread = std::thread([impl = impl_.get(), script = std::move(script)] {
    for (;;) {
      std::array<pollfd, 2> waiting{{{impl->listener, POLLIN, 0}, {impl->stop_pipe[0], POLLIN, 0}}};
      if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) return;
      if (waiting[1].revents != 0) return;
      if (waiting[0].revents == 0) continue;
      RawSocket socket(::accept(impl->listener, nullptr, nullptr));
      script(socket);
    }
  });
}

ScriptedPeer::~ScriptedPeer() {
  [[maybe_unused]] const ssize_t written = ::write(impl_->stop_pipe[1], "x", 1);
  impl_->thread.join();
  for (const int fd : {impl_->listener, impl_->stop_pipe[0], impl_->stop_pipe[1]}) ::close(fd);
}

std::uint16_t ScriptedPeer::port() const { return impl_->port; }
std::string ScriptedPeer::address() const { return "127.0.0.1:" + std::to_string(impl_->port); }

}  // namespace pharos::testing
