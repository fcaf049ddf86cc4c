// A state machine, what a client says to it, and its actions in short words.
#pragma once

#include <gmock/gmock.h>

#include "relay/session_fsm.h"
#include "support/event_builder.h"

namespace pharos::relay {

class FsmTest : public ::testing::Test {
 protected:
  static constexpr UnixSeconds kNow = 1'700'000'000;

  FsmTest() : options_(std::make_shared<Options>()) {}

  SessionFsm& fsm() {
    if (!fsm_) {
      fsm_ =
          std::make_unique<SessionFsm>(options_, std::make_shared<const OwnUrls>(own_urls({"wss://relay.example.com"})),
                                       clock_, "challenge", eose_hint_, metrics_, events_, rates_);
    }
    return *fsm_;
  }

  // The actions as words: the text of a Send, "submit", "count <reason>" or "count <name>", "watch 1", "scan 1",
  // "invite of <key>", "negotiate <name>", "forget 1", "flush <n>", "disconnect <code>".
  std::vector<std::string> words(const Actions& actions) {
    struct Visitor {
      std::string operator()(const action::Send& a) const { return a.text; }
      std::string operator()(const action::SendEvents& a) const { return "flush " + std::to_string(a.events.size()); }
      std::string operator()(const action::Submit&) const { return "submit"; }
      std::string operator()(const action::CountRefused& a) const {
        return "count " + std::string(ingest::name(a.reason));
      }
      std::string operator()(const action::Watch& a) const { return "watch " + std::to_string(a.key); }
      std::string operator()(const action::Scan& a) const { return "scan " + std::to_string(a.key); }
      std::string operator()(const action::Invite& a) const { return "invite of " + a.inviter.hex(); }
      std::string operator()(const action::Count& a) const { return "count " + a.name; }
      std::string operator()(const action::Negotiate& a) const { return "negotiate " + a.name; }
      std::string operator()(const action::Park& a) const { return "park " + std::to_string(a.key); }
      std::string operator()(const action::Forget& a) const { return "forget " + std::to_string(a.key); }
      std::string operator()(const action::Disconnect& a) const { return "disconnect " + std::to_string(a.code); }
    };
    std::vector<std::string> out;
    for (const Action& action : actions) out.push_back(std::visit(Visitor{}, action));
    return out;
  }
  std::vector<std::string> say(std::string_view text) {
    Actions actions;
    fsm().on_message(text, actions);
    return words(actions);
  }
  std::vector<std::string> slice(SubscriptionKey key, storage::SliceEnd end = storage::SliceEnd::finished,
                                 bool gave_all = true) {
    Actions actions;
    fsm().on_slice(key, {.end = end, .gave_all = gave_all}, actions);
    return words(actions);
  }
  // The key of the COUNT that runs next.
  static SubscriptionKey count_key(std::uint64_t number) { return (SubscriptionKey{1} << 63U) + number - 1; }
  // The key of a negentropy session, by the number of those that were begun.
  static SubscriptionKey negotiation_key(std::uint64_t number) { return (SubscriptionKey{1} << 62U) + number - 1; }
  static LiveEventPtr live(const Event& event, storage::Seq seq) {
    return std::make_shared<const LiveEvent>(storage::CommittedEvent{seq, 0, test::share(event)});
  }
  std::string auth(test::Person& person) {
    const Event event =
        person.event(22242, kNow, "", {{"relay", "wss://relay.example.com/"}, {"challenge", "challenge"}});
    return R"(["AUTH",)" + test::to_json(event) + "]";
  }
  static std::string event_message(const Event& event) { return R"(["EVENT",)" + test::to_json(event) + "]"; }

  std::shared_ptr<Options> options_;
  bool eose_hint_ = false;
  ManualClock clock_{kNow};
  metrics::RelayMetrics metrics_;
  EventPool events_;
  AddressRates address_rates_{7, metrics_.rate};
  ClientRates rates_{address_rates_, "192.0.2.1:4711", options_->rates};
  std::unique_ptr<SessionFsm> fsm_;
  test::Person alice_{1};
  test::Person bob_{2};
};

}  // namespace pharos::relay
