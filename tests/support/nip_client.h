// For checking NIPs message by message: a client that keeps the text of what the relay says, and one relay that many
// tests share. What two tests publish never meets, as long as each has people of its own.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "nostr/message.h"
#include "support/event_builder.h"
#include "support/pharos_instance.h"
#include "support/ws_client.h"
#include "util/clock.h"

namespace pharos::testing {

// Started on first use, ends with the process. Its URL is wss://relay.example.com/, searches are on, the rest is as by
// default.
const PharosInstance& shared_relay();

// Somebody whom no other test knows.
test::Person somebody();

inline UnixSeconds now() { return SystemClock().unix_now(); }

class NipClient {
 public:
  explicit NipClient(const PharosInstance& relay = shared_relay());

  // What the relay asked for when the connection opened.
  const std::string& challenge() const { return challenge_; }

  void send(std::string_view text) { ws_.send(text); }
  // The next message that nobody waited for; "" when there is none in time or the connection is gone.
  std::string next(std::chrono::milliseconds limit = std::chrono::seconds(30));
  std::string ask(std::string_view text) {
    send(text);
    return next();
  }
  // The next message that begins so; others are kept for next().
  std::string wait_for(const std::string& beginning);
  // Whatever came before the answer to a REQ that is sent now and asks for nothing.
  std::vector<std::string> all_so_far();

  OkReply publish(const Event& event);
  // Publishes what must be accepted; throws where it is not.
  Event keep(const Event& event);
  // An event that may be wrong, and the id by which it is answered.
  OkReply publish(const std::string& event_json, const std::string& id_hex);
  // Stored events in the order of arrival; CLOSED sets *closed.
  std::vector<Event> query(const std::string& filters_json, std::string* closed = nullptr);
  // Stored events up to EOSE; the subscription stays.
  std::vector<Event> subscribe(const std::string& subscription, const std::string& filters_json);
  // The ids that a subscription got, up to and with that of `last`.
  std::vector<EventId> heard(const std::string& subscription, const Event& last);
  // The answer to a COUNT: an object, or "CLOSED " and why.
  std::string count(const std::string& filters_json);
  // The ids in the set of a negentropy session, or NEG-ERR's reason in *refused.
  std::vector<EventId> negotiate(const std::string& filter_json, std::string* refused = nullptr);
  // Answers the challenge.
  OkReply authenticate(test::Person& person);

  WsClient& ws() { return ws_; }

 private:
  std::string receive(std::chrono::milliseconds limit);
  std::vector<Event> collect(const std::string& subscription, std::string* closed);

  WsClient ws_;
  std::deque<std::string> kept_;
  std::string challenge_;
  int next_name_ = 0;
};

// "authors":["<hex>"]
std::string authors(const test::Person& person);
// {"ids":["<hex>"]}
std::string by_id(const Event& event);
std::string in_quotes(const std::string& text);
std::string upper_case(std::string text);
std::vector<EventId> ids(const std::vector<Event>& events);
// 30023:<hex>:name
std::string address(Kind kind, const test::Person& person, const std::string& identifier);

}  // namespace pharos::testing
