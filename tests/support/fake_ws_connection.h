// A WebSocket connection without a socket: keeps what was sent, and lets a test speak for the peer. One thread.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/shared_text.h"
#include "net/ws_connection.h"

namespace pharos::test {

class FakeWsConnection final : public net::WsConnection {
 public:
  // --- the peer's side ---
  void receive(std::string_view text) { callbacks_.on_message(text); }
  // The peer reads everything; on_drained follows when the queue had been above low water.
  void drain() {
    const bool was_above = queued_ > low_water_bytes;
    queued_ = 0;
    if (was_above && callbacks_.on_drained) callbacks_.on_drained();
  }
  void vanish() { end(net::CloseCause::peer, 1006, ""); }

  std::vector<std::string> take_sent() { return std::exchange(sent_, {}); }
  const std::vector<std::string>& sent() const { return sent_; }
  std::size_t sent_shared() const { return sent_shared_; }  // of them by send_shared(), taken or not
  bool is_reading() const { return is_reading_; }
  bool is_closed() const { return closed_; }
  struct Closing {
    net::CloseCause cause;
    std::uint16_t code;
    std::string reason;
  };
  // How the relay closed it, if it did.
  const std::optional<Closing>& closing() const { return closing_; }

  std::size_t low_water_bytes = 256 * 1024;
  std::size_t max_outbound_bytes = 16U << 20U;
  bool queue_grows = false;  // false: the peer reads at once

  // --- WsConnection ---
  void start(Callbacks callbacks) override { callbacks_ = std::move(callbacks); }
  bool send(std::initializer_list<std::string_view> parts) override {
    if (closed_) return false;
    std::string message;
    for (const std::string_view part : parts) message.append(part);
    if (queue_grows) queued_ += message.size();
    if (queued_ > max_outbound_bytes) {
      close(net::CloseCause::slow, 1008, "too slow");
      return false;
    }
    sent_.push_back(std::move(message));
    return true;
  }
  using WsConnection::send;
  bool send_shared(std::string_view prefix, const net::SharedText& rest) override {
    if (!send({prefix, rest.text()})) return false;
    ++sent_shared_;
    return true;
  }
  std::size_t queued_bytes() const override { return queued_; }
  void pause_reading() override { is_reading_ = false; }
  void resume_reading() override { is_reading_ = true; }
  void close(net::CloseCause cause, std::uint16_t code, std::string_view reason) override {
    if (closed_) return;
    closing_ = Closing{cause, code, std::string(reason)};
    end(cause, code, reason);
  }
  const std::string& peer_address() const override { return address_; }
  net::IoShard& shard() override { std::abort(); }  // there is none

 private:
  void end(net::CloseCause cause, std::uint16_t code, std::string_view reason) {
    closed_ = true;
    // As the real one does, the last call, after which nothing is kept of the callbacks.
    const auto on_closed = std::exchange(callbacks_, {}).on_closed;
    if (on_closed) on_closed(cause, code, reason);
  }

  Callbacks callbacks_;
  std::vector<std::string> sent_;
  std::optional<Closing> closing_;
  std::string address_ = "192.0.2.1:4711";
  std::size_t queued_ = 0;
  std::size_t sent_shared_ = 0;
  bool is_reading_ = true;
  bool closed_ = false;
};

}  // namespace pharos::test
