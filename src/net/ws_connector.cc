#include "net/ws_connector.h"

#include <utility>

#include "net/dial.h"
#include "net/http_answer_parser.h"
#include "net/ws_extension.h"
#include "net/ws_handshake.h"
#include "net/ws_stream.h"

namespace pharos::net {
namespace {

// The answer to an upgrade, with the page that a refusal may carry.
constexpr std::size_t kMaxAnswerHeadBytes = 32 * 1024;

class WsDial final : public Dial {
 public:
  WsDial(IoShard& shard, const DialTarget& target, const DialOptions& options, DialCallback done)
      : Dial(shard, target, options), callback_(std::move(done)), parser_({kMaxAnswerHeadBytes, 0, true}) {}

 private:
  void on_open() override {
    stage_ = "waiting for the upgrade";
    key_ = make_upgrade_key();
    write(
        upgrade_request(target_.target, host_header_of(target_), options_.user_agent, key_, deflate_offer(options_.ws)),
        NetError::http, [this] { read_answer(); });
  }

  void read_answer() {
    read(NetError::http, [this](bool ended) {
      switch (parser_.feed(received_)) {
        case HttpAnswerParser::State::refused:
          return fail(NetError::http, parser_.failure());
        case HttpAnswerParser::State::complete:
          return judge();
        case HttpAnswerParser::State::head:
        case HttpAnswerParser::State::body:
          if (ended) return fail(NetError::http, "closed before the answer to the upgrade");
          return read_answer();
      }
    });
  }

  void judge() {
    if (const auto fault = check_upgrade_answer(parser_.status(), parser_.headers(), key_))
      return fail(NetError::http, *fault, parser_.status());
    const auto deflate = accept_deflate_answer(header_of(parser_.headers(), "Sec-WebSocket-Extensions"), options_.ws);
    if (!deflate) return fail(NetError::http, "upgrade answer with an extension nobody offered", parser_.status());
    lap(times_.http);

    WsSetup setup;
    setup.role = WsRole::client;
    setup.options = options_.ws;
    setup.deflate = *deflate;
    setup.received = std::move(received_);
    Dialed dialed{make_ws_connection(take_stream(), std::move(setup)), times_, tls_, address_};
    if (const DialCallback callback = std::exchange(callback_, nullptr)) callback(std::move(dialed));
  }

  void on_failure(DialFailure failure) override {
    if (const DialCallback callback = std::exchange(callback_, nullptr)) callback(std::move(failure));
  }
  void drop_callback() override { callback_ = nullptr; }

  DialCallback callback_;
  std::string key_;
  HttpAnswerParser parser_;
};

}  // namespace

std::unique_ptr<PendingDial> dial_websocket(IoShard& shard, const DialTarget& target, const DialOptions& options,
                                            DialCallback done) {
  return start_dial(std::make_shared<WsDial>(shard, target, options, std::move(done)));
}

}  // namespace pharos::net
