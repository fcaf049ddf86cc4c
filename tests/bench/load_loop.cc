#include "bench/load_loop.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pharos::bench {
namespace {

constexpr std::size_t kConnectionsPerSource = 10'000;
constexpr std::size_t kDialsAtATime = 200;
constexpr std::size_t kBufferBytes = 512 * 1024;

sockaddr_in ipv4(const std::string& host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  return address;
}

}  // namespace

LoadConnection::~LoadConnection() {
  if (socket_ >= 0) ::close(socket_);
}

void LoadConnection::send(std::initializer_list<std::string_view> parts) {
  append_frame(out_, Opcode::text, parts);
  mark_dirty();
}

void LoadConnection::send_stored(std::string_view text) {
  append_stored_message(out_, text);
  mark_dirty();
}

void LoadConnection::mark_dirty() {
  if (dirty_) return;
  dirty_ = true;
  loop_.dirty_.push_back(this);
}

void LoadConnection::close() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  ++loop_.lost_;
  ::close(socket_);
  socket_ = -1;
}

void LoadConnection::watch_writes(bool on) {
  if (writes_watched_ == on) return;
  writes_watched_ = on;
  epoll_event event{};
  event.events = EPOLLIN | (on ? static_cast<std::uint32_t>(EPOLLOUT) : 0U);
  event.data.ptr = this;
  ::epoll_ctl(loop_.epoll_, EPOLL_CTL_MOD, socket_, &event);
}

void LoadConnection::flush() {
  dirty_ = false;
  if (state_ == State::closed || state_ == State::connecting) return;
  while (out_at_ < out_.size()) {
    const ssize_t sent = ::send(socket_, out_.data() + out_at_, out_.size() - out_at_, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno != EAGAIN) return close();
      return watch_writes(true);
    }
    out_at_ += static_cast<std::size_t>(sent);
  }
  out_.clear();
  out_at_ = 0;
  watch_writes(false);
}

void LoadConnection::on_event(std::uint32_t events) {
  if (state_ == State::closed) return;
  if (state_ == State::connecting && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return close();
    state_ = State::upgrading;
  }
  if ((events & EPOLLOUT) != 0) flush();
  if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) read_all();
}

void LoadConnection::read_all() {
  while (state_ != State::closed) {
    std::vector<char>& buffer = loop_.buffer_;
    const ssize_t got = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return close();
    take({buffer.data(), static_cast<std::size_t>(got)});
    if (static_cast<std::size_t>(got) < buffer.size()) return;
  }
}

void LoadConnection::take(std::string_view bytes) {
  const bool joined = !in_.empty();
  if (joined) in_ += bytes;
  const std::string_view all = joined ? std::string_view(in_) : bytes;
  std::size_t taken = 0;
  if (state_ == State::upgrading) taken = take_response(all);
  if (state_ == State::open) taken += take_frames(all.substr(taken));
  if (joined) {
    in_.erase(0, taken);
  } else {
    in_.assign(all.substr(taken));
  }
  if (in_.empty()) in_.shrink_to_fit();
}

std::size_t LoadConnection::take_response(std::string_view bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  std::string head(bytes.substr(0, end));
  std::ranges::transform(head, head.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (!head.starts_with("http/1.1 101")) {
    close();
    return bytes.size();
  }
  deflates_ = head.find("permessage-deflate") != std::string::npos;
  deflates_alone_ = deflates_ && head.find("server_no_context_takeover") != std::string::npos;
  state_ = State::open;
  return end + 4;
}

std::size_t LoadConnection::take_frames(std::string_view bytes) {
  std::size_t at = 0;
  FrameView frame;
  while (state_ == State::open) {
    const FrameRead read = read_frame(bytes.substr(at), frame);
    if (read == FrameRead::partial) break;
    if (read == FrameRead::bad) {
      close();
      break;
    }
    at += frame.size;
    deliver(frame);
  }
  return at;
}

void LoadConnection::deliver(const FrameView& frame) {
  switch (frame.opcode) {
    case Opcode::ping:
      append_frame(out_, Opcode::pong, {frame.payload});
      return mark_dirty();
    case Opcode::pong:
      return;
    case Opcode::close:
      return close();
    case Opcode::continuation:
      message_ += frame.payload;
      break;
    default:
      message_compressed_ = frame.compressed;
      if (frame.last) {
        hand_up(frame.payload);
        return;
      }
      message_.assign(frame.payload);
  }
  if (!frame.last) return;
  hand_up(message_);
  message_.clear();
}

void LoadConnection::hand_up(std::string_view payload) {
  if (message_compressed_ && on_compressed_) {
    on_compressed_(*this, payload);
  } else if (on_message_) {
    on_message_(*this, message_compressed_ ? std::string_view() : payload);
  }
}

LoadLoop::LoadLoop(std::string address) : epoll_(::epoll_create1(EPOLL_CLOEXEC)), buffer_(kBufferBytes) {
  const std::size_t colon = address.rfind(':');
  host_ = address.substr(0, colon);
  std::from_chars(address.data() + colon + 1, address.data() + address.size(), port_);
}

LoadLoop::~LoadLoop() {
  close_all();
  ::close(epoll_);
}

LoadConnection* LoadLoop::dial(bool deflate) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) return nullptr;
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (host_.starts_with("127.") && dialed_ >= kConnectionsPerSource) {
    const sockaddr_in source = ipv4(fmt::format("127.0.1.{}", dialed_ / kConnectionsPerSource), 0);
    ::setsockopt(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    ::bind(socket, reinterpret_cast<const sockaddr*>(&source), sizeof source);
  }
  ++dialed_;
  const sockaddr_in address = ipv4(host_, port_);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 && errno != EINPROGRESS) {
    ::close(socket);
    return nullptr;
  }
  connections_.emplace_back(new LoadConnection(*this, socket));
  LoadConnection* made = connections_.back().get();
  made->out_ = fmt::format(
      "GET / HTTP/1.1\r\nHost: {}:{}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{}\r\n",
      host_, port_, deflate ? "Sec-WebSocket-Extensions: permessage-deflate\r\n" : "");
  made->writes_watched_ = true;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT;
  event.data.ptr = made;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
  return made;
}

bool LoadLoop::open(std::size_t count, std::vector<LoadConnection*>& out, bool deflate) {
  while (count > 0) {
    const std::size_t batch = std::min(count, kDialsAtATime);
    const auto first = static_cast<std::ptrdiff_t>(out.size());
    for (std::size_t i = 0; i < batch; ++i) {
      LoadConnection* made = dial(deflate);
      if (!made) return false;
      out.push_back(made);
    }
    const auto settled = [](const LoadConnection* c) { return c->is_open() || c->is_closed(); };
    const auto open = [](const LoadConnection* c) { return c->is_open(); };
    run([&] { return std::all_of(out.begin() + first, out.end(), settled); }, std::chrono::seconds(20));
    if (!std::all_of(out.begin() + first, out.end(), open)) return false;
    count -= batch;
  }
  return true;
}

void LoadLoop::close_all() {
  dirty_.clear();
  connections_.clear();
}

void LoadLoop::flush_dirty() {
  std::vector<LoadConnection*> now;
  now.swap(dirty_);
  for (LoadConnection* connection : now) connection->flush();
  // Flushing marks nothing, so the memory can serve the next turn.
  if (dirty_.empty()) {
    now.clear();
    dirty_.swap(now);
  }
}

void LoadLoop::turn(int timeout_ms) {
  flush_dirty();
  std::array<epoll_event, 256> events;
  const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout_ms);
  for (int i = 0; i < count; ++i) {
    static_cast<LoadConnection*>(events[static_cast<std::size_t>(i)].data.ptr)
        ->on_event(events[static_cast<std::size_t>(i)].events);
  }
  flush_dirty();
}

bool LoadLoop::run(const std::function<bool()>& done, std::chrono::milliseconds limit) {
  const SteadyTime deadline = now() + limit;
  while (!done()) {
    if (now() >= deadline) return false;
    turn(20);
  }
  return true;
}

}  // namespace pharos::bench
