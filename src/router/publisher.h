// The `up` side of one upstream: sends the store's new events in the order of their sequence numbers, a window at a
// time, and settles each by the relay's OK. Pure; one thread. Owned by UpstreamFsm.
//
// Nothing is lost while the upstream is down: the cursor moves past an event only when its fate at the upstream is
// known or it is not to be sent, and the store is read again from the cursor. After a crash of ours what was settled
// since the cursor was last written is sent once more, and the upstream answers that it is a duplicate.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "router/action.h"
#include "router/options.h"
#include "util/clock.h"

namespace pharos::router {

class Publisher {
 public:
  // Why an event was not accepted: the NIP-01 prefixes, and no answer at all.
  enum class Refusal { blocked, invalid, restricted, pow, mute, error, auth_required, timeout, other };
  static constexpr std::size_t kRefusals = 9;
  static std::string_view name(Refusal refusal);

  struct Counters {
    std::uint64_t accepted = 0;
    std::uint64_t duplicate = 0;
    std::array<std::uint64_t, kRefusals> refused{};
    std::uint64_t retries = 0;
    std::uint64_t refused_total() const;
  };

  // own_key: whose NIP-70 protected events may be sent. cursor: as persisted; nullopt on the first start.
  Publisher(const UpstreamOptions& upstream, const PublisherOptions& options, const PublicKey& own_key,
            std::optional<storage::Seq> cursor, storage::Seq last_seq, const Clock& clock);

  // True when the event is of those to be sent: matches a filter, is not expired, private, protected or an AUTH.
  bool wants(const Event& event) const;

  void opened(Actions& out);
  void connection_lost();
  void authenticated(Actions& out);
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

  storage::Seq cursor() const;
  // Records of the store that are not settled: sent, waiting, or not looked at.
  std::uint64_t backlog() const { return last_seq_ - cursor(); }
  bool idle() const { return in_flight_.empty(); }
  const Counters& counters() const { return counters_; }

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
  void refuse(Refusal refusal) { ++counters_.refused[static_cast<std::size_t>(refusal)]; }

  std::vector<Filter> filters_;
  bool publish_private_;
  PublisherOptions options_;
  PublicKey own_key_;
  const Clock& clock_;

  storage::Seq last_seq_;
  storage::Seq examined_;                        // records up to here are settled, waiting or in flight
  std::deque<Waiting> waiting_;                  // at most window + read_batch
  std::unordered_map<EventId, Sent> in_flight_;  // at most window
  bool reading_ = false;
  SteadyTime read_again_{};
  bool connected_ = false;
  SteadyTime hold_until_{};  // the upstream asked for patience
  storage::Seq persisted_ = 0;
  std::optional<storage::Seq> persisting_;
  SteadyTime next_persist_{};
  Counters counters_;
};

}  // namespace pharos::router
