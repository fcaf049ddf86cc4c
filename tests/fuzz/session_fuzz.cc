// Sequences of operations on the session state machine, against a model of what must hold between them.
//
// Input: one operation a line.
//   m<text>   the client says <text>
//   s<d><d>   the scan at place <d> of those that run gives a slice that ends with SliceEnd <d>
//   r<d>      that scan is refused
//   l<d><d>   a live event of kind <d> and sequence number <d> comes to every watched subscription
//   v         the oldest pending event is stored
//   x         live events were lost
//   t<d>      time passes, with an odd <d> a little: negentropy sessions that have been idle for long end or are parked
//   p<d>      other rules: with an odd <d> none may read without AUTH

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "relay/session_fsm.h"
#include "util/check.h"

namespace pharos::relay {
namespace {

class Harness {
 public:
  Harness()
      : fsm_(options(), std::make_shared<const OwnUrls>(own_urls({})), clock_, "challenge", true, metrics_, events_,
             rates_) {
    fsm_.on_open(actions_);
    absorb();
  }

  void operate(std::string_view line) {
    if (line.empty()) return;
    const std::string_view rest = line.substr(1);
    const auto digit = [&](std::size_t i) {
      return i < rest.size() ? static_cast<unsigned>(static_cast<unsigned char>(rest[i])) % 10U : 0U;
    };
    switch (line[0]) {
      case 'm':
        say(rest);
        break;
      case 's':
        slice(digit(0), static_cast<storage::SliceEnd>(digit(1) % 4));
        break;
      case 'r':
        refuse(digit(0));
        break;
      case 'l':
        live(static_cast<Kind>(digit(0)), digit(1));
        break;
      case 'v':
        settle();
        break;
      case 't':
        clock_.advance(std::chrono::seconds(digit(0) % 2 == 0 ? 61 : 6));
        fsm_.on_tick(actions_);
        absorb();
        break;
      case 'p':
        obey(digit(0) % 2 == 1);
        break;
      case 'x':
        fsm_.on_events_lost(actions_);
        absorb();
        break;
      default:
        break;
    }
    check();
  }

 private:
  static std::shared_ptr<const Options> options() {
    auto options = std::make_shared<Options>();
    options->limits.max_subscriptions = 4;
    options->limits.max_running_scans = 2;
    options->limits.max_counts = 3;
    options->limits.max_negentropy_sessions = 3;
    options->limits.max_held_events = 3;
    options->limits.max_filter_values = 12;
    options->limits.max_filters = 3;
    options->limits.max_bad_messages = 1'000'000;
    // Few enough to be met, and back after a tick.
    RateRules rates;
    rates.of_connection.fill({1, std::chrono::seconds(1), 30});
    rates.of_address.fill({1, std::chrono::seconds(1), 25});
    options->rates = std::make_shared<const RateRules>(rates);
    storage::WordIndexState searched;
    searched.kinds = {1, 2};
    options->search = std::make_shared<storage::WordIndexProgress>(searched);
    return options;
  }

  void say(std::string_view text) {
    const auto parsed = parse_client_message(text, {3, 64, 12});
    fsm_.on_message(text, actions_);
    const auto is = [&](auto tag) { return parsed && std::holds_alternative<decltype(tag)>(parsed.value()); };
    const auto sends = std::count_if(actions_.begin(), actions_.end(),
                                     [](const Action& a) { return std::holds_alternative<action::Send>(a); });
    const auto submits = std::count_if(actions_.begin(), actions_.end(),
                                       [](const Action& a) { return std::holds_alternative<action::Submit>(a); });
    if (is(EventCommand{})) PHAROS_FATAL_CHECK(sends + submits == 1);
    if (is(AuthCommand{})) PHAROS_FATAL_CHECK(sends == 1 && submits == 0);
    if (is(CountCommand{})) PHAROS_FATAL_CHECK(submits == 0);
    if (is(NegCloseCommand{})) {
      for (const Action& a : actions_) {
        if (const auto* send = std::get_if<action::Send>(&a)) PHAROS_FATAL_CHECK(!send->text.starts_with("[\"NEG"));
      }
    }
    if (is(CloseCommand{})) {
      // Silent but for what it makes room for, which is never of the closed id.
      const std::string& name = std::get<CloseCommand>(parsed.value()).subscription;
      PHAROS_FATAL_CHECK(fsm_.subscriptions().size() <= 4);
      for (const Action& a : actions_) {
        const auto* send = std::get_if<action::Send>(&a);
        if (send != nullptr) PHAROS_FATAL_CHECK(name_in(send->text) != name);
      }
    }
    if (!parsed) PHAROS_FATAL_CHECK(sends >= 1 && submits == 0);
    absorb();
  }

  void slice(std::size_t place, storage::SliceEnd end) {
    const SubscriptionKey key =
        place < scanning_.size() ? *std::next(scanning_.begin(), static_cast<long>(place)) : 999'999;
    PHAROS_FATAL_CHECK(fsm_.wants_slices(key) == scanning_.contains(key));
    std::vector<storage::Seq> also_live;
    if (watched_.contains(key)) {
      for (storage::Seq seq = newest_[key] + 1 + place; seq <= committed_; seq += 2) {
        if (given_[key].insert(seq).second) also_live.push_back(seq);
      }
    }
    fsm_.on_slice(key,
                  {.end = end,
                   .messages = 1,
                   .bytes = 9,
                   .gave_all = place % 2 == 0,
                   .no_room = place == 3,
                   .also_live = also_live},
                  actions_);
    if (end != storage::SliceEnd::more) scanning_.erase(key);
    if (end == storage::SliceEnd::finished && watched_.contains(key)) eose_sent_.insert(key);
    absorb();
  }

  void refuse(std::size_t place) {
    if (place >= scanning_.size()) return;
    fsm_.on_scan_refused(*std::next(scanning_.begin(), static_cast<long>(place)), actions_);
    absorb();
  }

  // The next of those that are committed, some of which may be ahead; 0 for an ephemeral one.
  storage::Seq next_seq(storage::Seq digit) {
    if (digit == 0) return 0;
    ++delivered_;
    committed_ = std::max(committed_, digit > 5 ? delivered_ + digit - 5 : delivered_);
    return delivered_;
  }

  bool comes_live(SubscriptionKey key, storage::Seq seq) {
    return seq == 0 || (seq > newest_[key] && !given_[key].contains(seq));
  }

  void live(Kind kind, storage::Seq digit) {
    auto event = std::make_shared<Event>();
    event->kind = kind;
    const storage::Seq seq = next_seq(digit);
    const auto shared = std::make_shared<const LiveEvent>(storage::CommittedEvent{seq, 0, event});
    const std::set<SubscriptionKey> targets = watched_;
    for (const SubscriptionKey key : targets) {
      const bool was_live = eose_sent_.contains(key);
      const auto delivery = fsm_.on_live(key, shared, actions_);
      if (delivery == SessionFsm::Delivery::send) {
        PHAROS_FATAL_CHECK(was_live && watched_.contains(key) && !fsm_.prefix(key).empty());
        PHAROS_FATAL_CHECK(comes_live(key, seq));
        PHAROS_FATAL_CHECK(kind != 4);
      }
      if (delivery == SessionFsm::Delivery::held) PHAROS_FATAL_CHECK(!was_live);
      absorb();
      if (delivery == SessionFsm::Delivery::drop && watched_.contains(key))
        PHAROS_FATAL_CHECK(kind == 4 || !comes_live(key, seq));
    }
    PHAROS_FATAL_CHECK(fsm_.on_live(999'999, shared, actions_) == SessionFsm::Delivery::drop && actions_.empty());
  }

  void obey(bool auth_to_read) {
    ingest::FixedAccess fixed;
    fixed.auth_to_read = auth_to_read;
    fsm_.on_rules(std::make_shared<const ingest::AccessRules>(std::make_shared<ingest::AccessLists>(),
                                                              std::make_shared<ingest::FixedAccess>(fixed), 1),
                  actions_);
    absorb();
    if (!auth_to_read) return;
    PHAROS_FATAL_CHECK(fsm_.subscriptions().size() + fsm_.counts().size() + fsm_.negotiations().size() == 0);
  }

  void settle() {
    if (pending_.empty()) return;
    std::string reply;
    fsm_.on_verdict(pending_.front(), {ingest::Fate::stored, ingest::Reason::none, {}}, reply);
    PHAROS_FATAL_CHECK(parse_relay_message(reply));
    pending_.erase(pending_.begin());
    absorb();
  }

  static std::string name_in(std::string_view text) {
    const auto message = parse_relay_message(text);
    PHAROS_FATAL_CHECK(message);
    if (const auto* eose = std::get_if<EoseReply>(&message.value())) return eose->subscription;
    if (const auto* closed = std::get_if<ClosedReply>(&message.value())) return closed->subscription;
    return "\n";
  }

  // Carries the actions over into the model.
  void absorb() {
    for (std::size_t i = 0; i < actions_.size(); ++i) std::visit([this](const auto& a) { take(a); }, actions_[i]);
    actions_.clear();
  }
  void take(const action::Send& send) { PHAROS_FATAL_CHECK(parse_relay_message(send.text)); }
  void take(const action::SendEvents& send) {
    PHAROS_FATAL_CHECK(!send.events.empty() && send.events.size() <= 3);
    const auto owner =
        std::ranges::find_if(watched_, [&](SubscriptionKey key) { return fsm_.prefix(key) == *send.prefix; });
    PHAROS_FATAL_CHECK(owner != watched_.end());
    for (const LiveEventPtr& event : send.events) PHAROS_FATAL_CHECK(comes_live(*owner, event->seq()));
  }
  void take(const action::Submit& submit) { pending_.push_back(submit.event->id); }
  void take(const action::CountRefused&) {}
  void take(const action::Watch& watch) {
    PHAROS_FATAL_CHECK(ever_watched_.insert(watch.key).second);
    watched_.insert(watch.key);
    newest_[watch.key] = committed_;
    fsm_.on_watching(watch.key, committed_);
    const bool wants_scan = fsm_.wants_slices(watch.key);
    if (!wants_scan) eose_sent_.insert(watch.key);
  }
  void take(const action::Scan& scan) {
    PHAROS_FATAL_CHECK(watched_.contains(scan.key) && !scan.filters->empty());
    PHAROS_FATAL_CHECK(scanning_.insert(scan.key).second);
  }
  void take(const action::Invite& invite) { PHAROS_FATAL_CHECK(!invite.filters->empty()); }
  void take(const action::Count& count) {
    PHAROS_FATAL_CHECK(!count.filters->empty() && !count.name.empty());
    PHAROS_FATAL_CHECK(ever_watched_.insert(count.key).second);
    counting_.insert(count.key);
    PHAROS_FATAL_CHECK(scanning_.insert(count.key).second);
  }
  void take(const action::Negotiate& negotiate) {
    PHAROS_FATAL_CHECK(!negotiate.filters->empty() && !negotiate.name.empty() && !negotiate.message.empty());
    PHAROS_FATAL_CHECK(!watched_.contains(negotiate.key) && !counting_.contains(negotiate.key));
    negotiating_.insert(negotiate.key);
    PHAROS_FATAL_CHECK(scanning_.insert(negotiate.key).second);
  }
  void take(const action::Park& park) {
    PHAROS_FATAL_CHECK(negotiating_.contains(park.key) && !scanning_.contains(park.key));
  }
  void take(const action::Forget& forget) {
    PHAROS_FATAL_CHECK(watched_.erase(forget.key) + counting_.erase(forget.key) + negotiating_.erase(forget.key) == 1);
    scanning_.erase(forget.key);
    eose_sent_.erase(forget.key);
  }
  void take(const action::Disconnect&) {}

  void check() {
    const SubscriptionSet& set = fsm_.subscriptions();
    const SubscriptionSet& counts = fsm_.counts();
    PHAROS_FATAL_CHECK(set.size() <= 4 && counts.size() <= 3 && set.held_events() <= 3);
    const Negotiations& negotiations = fsm_.negotiations();
    PHAROS_FATAL_CHECK(negotiations.size() <= 3 && negotiating_.size() <= negotiations.size());
    PHAROS_FATAL_CHECK(set.values() + counts.values() + negotiations.values() <= 12);
    PHAROS_FATAL_CHECK(set.stored_phases() + counts.stored_phases() + negotiations.working() == scanning_.size());
    PHAROS_FATAL_CHECK(scanning_.size() <= 2);
    PHAROS_FATAL_CHECK(counts.stored_phases() == counting_.size());
    PHAROS_FATAL_CHECK(watched_.size() <= set.size());
    // Somebody waits only while all places to scan are taken.
    if (scanning_.size() < 2) {
      PHAROS_FATAL_CHECK(watched_.size() == set.size() && counting_.size() == counts.size());
      PHAROS_FATAL_CHECK(negotiating_.size() == negotiations.size());
    }
    PHAROS_FATAL_CHECK(fsm_.pending_events() == pending_.size());
  }

  ManualClock clock_;
  metrics::RelayMetrics metrics_;
  EventPool events_;
  AddressRates address_rates_{7, metrics_.rate};
  ClientRates rates_{address_rates_, "192.0.2.1:4711", options()->rates};
  SessionFsm fsm_;
  Actions actions_;
  std::vector<EventId> pending_;
  std::set<SubscriptionKey> ever_watched_;
  std::set<SubscriptionKey> watched_;
  std::set<SubscriptionKey> counting_;
  std::set<SubscriptionKey> negotiating_;
  std::set<SubscriptionKey> scanning_;
  std::set<SubscriptionKey> eose_sent_;
  storage::Seq delivered_ = 0;
  storage::Seq committed_ = 4;
  std::map<SubscriptionKey, storage::Seq> newest_;
  std::map<SubscriptionKey, std::set<storage::Seq>> given_;  // by slices, above newest_
};

}  // namespace
}  // namespace pharos::relay

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  pharos::relay::Harness harness;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  while (!input.empty()) {
    const std::size_t end = std::min(input.find('\n'), input.size());
    harness.operate(input.substr(0, end));
    input.remove_prefix(std::min(end + 1, input.size()));
  }
  return 0;
}
