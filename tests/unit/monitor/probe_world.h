// A probe without sockets: the machine, a clock that stands still, and a fixed key.
#pragma once

#include <string>
#include <vector>

#include "monitor/probe_fsm.h"
#include "support/event_builder.h"

namespace pharos::monitor::testing {

class FixedSigner final : public Signer {
 public:
  void sign(Event& event) override {
    event = person_.sign(std::move(event));
    ++signatures;
  }
  const PublicKey& public_key() const override { return person_.key(); }
  int signatures = 0;

 private:
  test::Person person_{66};
};

inline RelayUrl relay_url(std::string_view text) { return RelayUrl::parse(text).value(); }

struct ProbeWorld {
  ManualClock clock;
  FixedSigner signer;
  ProbeOptions options;
  std::optional<ProbeFsm> fsm;
  ProbeActions actions;  // everything asked for so far

  ProbeFsm& start(std::string_view url = "wss://relay.example.com") {
    fsm.emplace(relay_url(url), options, signer, clock);
    take(fsm->start());
    return *fsm;
  }
  void take(ProbeActions more) { actions.insert(actions.end(), more.begin(), more.end()); }
  void wait(int ms) { clock.advance(std::chrono::milliseconds(ms)); }
  void open(int ms = 80) {
    wait(ms);
    OpenedConnection connection;
    connection.dns_us = 1'000;
    connection.tcp_us = 2'000;
    connection.address = "192.0.2.7:443";
    take(fsm->opened(connection));
  }
  void say(std::string_view text) { take(fsm->message(text)); }
  void document(std::string body = R"({"name":"x"})") { take(fsm->nip11_fetched(200, std::move(body))); }
  // At the next deadline.
  void expire() {
    clock.advance(std::chrono::ceil<std::chrono::milliseconds>(*fsm->deadline() - clock.now()));
    take(fsm->tick());
  }

  std::vector<std::string> sent() const {
    std::vector<std::string> out;
    for (const ProbeAction& action : actions)
      if (action.kind == ProbeAction::Kind::send) out.push_back(action.text);
    return out;
  }
  std::size_t count(ProbeAction::Kind kind) const {
    std::size_t n = 0;
    for (const ProbeAction& action : actions)
      if (action.kind == kind) ++n;
    return n;
  }
  Event sent_event() const {
    for (const std::string& text : sent()) {
      const auto message = parse_client_message(text, {});
      if (message && std::holds_alternative<EventCommand>(message.value()))
        return std::get<EventCommand>(message.value()).event;
    }
    return {};
  }
  Event sent_auth() const {
    for (const std::string& text : sent()) {
      const auto message = parse_client_message(text, {});
      if (message && std::holds_alternative<AuthCommand>(message.value()))
        return std::get<AuthCommand>(message.value()).event;
    }
    return {};
  }
  std::string ok(const Event& event, bool accepted, std::string_view message = "") const {
    std::string out;
    append_ok(out, event.id.hex(), accepted, message);
    return out;
  }
  ProbeResult& result() { return fsm->result(); }
};

}  // namespace pharos::monitor::testing
