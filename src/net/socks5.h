// The client side of SOCKS5 (RFC 1928): no authentication, CONNECT, the proxy resolves the name. A state machine:
// send what to_send() gives, feed what comes back. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace pharos::net {

class Socks5Connect {
 public:
  enum class State { working, connected, failed };

  // host: a name of at most 255 bytes, or an address literal, which goes as an address.
  Socks5Connect(std::string_view host, std::uint16_t port);

  // What to send now; "" when the proxy has the word. Taken once.
  std::string to_send();
  // Takes bytes of the proxy; those behind its last reply stay in `bytes`.
  State feed(std::string& bytes);
  State state() const { return state_; }
  // Why it failed.
  const std::string& failure() const { return failure_; }

 private:
  enum class Step { method, reply };
  State fail(std::string_view why);

  std::string request_;
  std::string pending_;
  Step step_ = Step::method;
  State state_ = State::working;
  std::string failure_;
};

}  // namespace pharos::net
