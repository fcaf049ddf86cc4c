// Blocking TCP for tests that speak wire bytes, right or wrong: a client, and a peer that follows a script.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace pharos::testing {

class RawSocket {
 public:
  // "127.0.0.1:7777"; throws std::runtime_error when nobody listens there.
  explicit RawSocket(const std::string& address);
  explicit RawSocket(int fd) : fd_(fd) {}
  ~RawSocket();
  RawSocket(RawSocket&& other) noexcept;
  RawSocket& operator=(RawSocket&&) = delete;

  // False when the peer is gone.
  bool send(std::string_view bytes);
  // What came until the text is there, the peer ended, or the time is over; all of it.
  std::string read_until(std::string_view text, std::chrono::milliseconds limit = std::chrono::seconds(30));
  // What came until there are so many bytes.
  std::string read_bytes(std::size_t count, std::chrono::milliseconds limit = std::chrono::seconds(30));
  // Everything until the peer ends.
  std::string read_to_end(std::chrono::milliseconds limit = std::chrono::seconds(30));
  // True when the peer ended within the time; what comes meanwhile is thrown away.
  bool ends_within(std::chrono::milliseconds limit);
  void shutdown_write();
  void set_receive_buffer(int bytes);

 private:
  // False at the end of the peer or of the time.
  bool read_more(std::string& into, std::chrono::steady_clock::time_point deadline);

  int fd_ = -1;
  std::string ahead_;  // read but not yet asked for
  bool ended_ = false;
};

// A frame as RFC 6455 has it; masked when a client would.
std::string ws_frame(unsigned first_byte, std::string_view payload, bool masked = true);
// A close frame's payload.
std::string ws_close(std::uint16_t code, std::string_view reason = {});
// An upgrade request that is right in every way.
std::string ws_request(std::string_view extra_headers = {});

// Listens on 127.0.0.1 and runs the script for each connection, one after the other, on a thread of its own.
class ScriptedPeer {
 public:
  using Script = std::function<void(RawSocket&)>;
  explicit ScriptedPeer(Script script);
  ~ScriptedPeer();

  std::uint16_t port() const;
  std::string address() const;  // "127.0.0.1:port"

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pharos::testing
