// A plain blocking WebSocket client for black-box tests, independent of src/net.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace pharos::testing {

class WsClient {
 public:
  struct Options {
    bool deflate = false;
    std::string path = "/";
  };

  // Throws std::runtime_error when the connection or the upgrade fails.
  explicit WsClient(const std::string& address) : WsClient(address, Options{}) {}
  WsClient(const std::string& address, const Options& options);
  ~WsClient();
  WsClient(WsClient&&) noexcept;
  WsClient& operator=(WsClient&&) noexcept;

  // False once the connection is gone.
  bool send(std::string_view text);
  // The next text message; nullopt on timeout or when the connection is gone (then closed() is true).
  std::optional<std::string> receive(std::chrono::milliseconds limit = std::chrono::seconds(30));
  bool closed() const;
  std::uint16_t close_code() const;  // the peer's, 0 when there was none
  std::string close_reason() const;
  void close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct HttpReply {
  unsigned status = 0;
  std::string head;  // status line and headers
  std::string body;
};

// One request over a connection of its own; `request` is sent as it stands.
HttpReply http_exchange(const std::string& address, std::string_view request);
// GET with the given extra header lines ("Accept: text/html\r\n").
HttpReply http_get(const std::string& address, const std::string& target, const std::string& headers = {});

}  // namespace pharos::testing
