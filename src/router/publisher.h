// The `up` side of one upstream: sends the store's new events in the order of their sequence numbers, a window at a
// time, and settles each by the relay's OK. Pure; one thread. Owned by UpstreamFsm.
//
// An event that makes the upstream end the connection must not stand in the way of all others: after a loss what was
// unanswered goes one by one, and each loss is an attempt of the oldest event that was in flight.
//
// Nothing is lost while the upstream is down: the cursor moves past an event only when its fate at the upstream is
// known or it is not to be sent, and the store is read again from the cursor. After a crash of ours what was settled
// since the mark was last written is sent once more, and the upstream answers that it is a duplicate.
//
// What the upstream brought itself is settled from the start. Of such events beyond the cursor max_settled_runs runs
// are remembered, the oldest are forgotten first; of these kMaxMarkRuns are persisted.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "router/action.h"
#include "router/options.h"
#include "router/outbox_mark.h"
#include "util/clock.h"

namespace pharos::router {

class Publisher {
 public:
  static constexpr std::size_t kMaxMarkRuns = 4'096;
  static constexpr std::size_t kMaxLastRefused = 16;

  // Why an event was not accepted: the NIP-01 prefixes, no answer at all, and the end of the connection instead of one.
  enum class Refusal { blocked, invalid, restricted, pow, mute, error, auth_required, timeout, closed, other };
  static constexpr std::size_t kRefusals = 10;
  static std::string_view name(Refusal refusal);

  struct Counters {
    std::uint64_t accepted = 0;
    std::uint64_t duplicate = 0;
    std::array<std::uint64_t, kRefusals> refused{};
    std::uint64_t retries = 0;
    std::uint64_t refused_total() const;
    std::uint64_t settled() const { return accepted + duplicate + refused_total(); }
  };

  // An event that was given up.
  struct Refused {
    EventId id;
    UnixSeconds at = 0;
    Refusal refusal = Refusal::other;
    std::string text;  // the upstream's, printable()
  };

  // own_key: whose NIP-70 protected events may be sent. mark: as persisted; nullopt on the first start.
  Publisher(const UpstreamOptions& upstream, const PublisherOptions& options, const PublicKey& own_key,
            std::optional<OutboxMark> mark, storage::Seq last_seq, const Clock& clock);

  // True when the event is of those to be sent: matches a filter, is not expired, private, protected or an AUTH.
  bool wants(const Event& event) const;

  void opened(Actions& out);
  // blamed: the upstream ended it, perhaps because of what was in flight.
  void connection_lost(bool blamed, Actions& out);
  void authenticated(Actions& out);
  // The upstream itself brought these events. In ascending order, each before stored() tells of it.
  void brought(storage::Seq first, storage::Seq last);
  // True when it need not be sent any more.
  bool is_settled(storage::Seq seq) const;
  // The store holds events up to last_seq.
  void stored(storage::Seq last_seq, Actions& out);
  // Sent when there is a connection, forgotten otherwise (NIP-01: nobody keeps it).
  void ephemeral(const storage::EventPtr& event, Actions& out);

  struct Item {
    storage::Seq seq = 0;
    storage::EventPtr event;
  };
  // The answer to ReadOutbox: what is to be sent of the records up to examined_through.
  void on_outbox(std::vector<Item> items, storage::Seq examined_through, Actions& out);
  // The store could not be read; it is tried again later.
  void on_outbox_failed();
  // False when the id is none of ours.
  bool on_ok(const EventId& id, bool accepted, std::string_view message, Actions& out);
  void on_cursor_persisted(bool ok);
  void tick(Actions& out);
  // Writes the mark now, if it has changed.
  void save(Actions& out);
  bool saving() const { return persisting_.has_value(); }

  storage::Seq cursor() const;
  OutboxMark mark() const;
  // Records of the store that are not settled: sent, waiting, or not looked at.
  std::uint64_t backlog() const { return last_seq_ - cursor(); }
  bool idle() const { return in_flight_.empty(); }
  const Counters& counters() const { return counters_; }
  // Newest last.
  const std::deque<Refused>& last_refused() const { return last_refused_; }

 private:
  struct Sent {
    Item item;
    unsigned attempts = 0;
    SteadyTime deadline{};
  };
  struct Waiting {
    Item item;
    unsigned attempts = 0;
  };
  void pump(Actions& out);
  void again(Sent sent, bool counts);
  void refuse(const Item& item, Refusal refusal, std::string_view text, Actions& out);
  std::vector<storage::Seq> pending() const;
  std::size_t window() const;

  std::vector<Filter> filters_;
  bool publish_private_;
  PublisherOptions options_;
  PublicKey own_key_;
  const Clock& clock_;

  storage::Seq last_seq_;
  storage::Seq examined_;                        // records up to here are settled, waiting or in flight
  std::deque<SeqRun> settled_;                   // beyond examined_
  storage::Seq one_by_one_through_ = 0;          // up to here a window of one
  std::deque<Waiting> waiting_;                  // at most window + read_batch
  std::unordered_map<EventId, Sent> in_flight_;  // at most window
  bool reading_ = false;
  SteadyTime read_again_{};
  bool connected_ = false;
  SteadyTime hold_until_{};  // the upstream asked for patience
  std::optional<OutboxMark> persisted_;
  std::optional<OutboxMark> persisting_;
  SteadyTime next_persist_{};
  Counters counters_;
  std::deque<Refused> last_refused_;
  SteadyTime next_refusal_log_{};
};

}  // namespace pharos::router
