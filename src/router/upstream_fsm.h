// One upstream without its I/O: when to dial, what to say, what to do with what comes. Inputs return the next actions;
// the driver (Upstream) carries them out and calls back. Pure; one thread.
//
//   waiting --dial--> dialing --> connecting --live EOSE--> catching_up <--> live
//      ^                 |            |                          |
//      '---- backoff with full jitter, breaker ----- any end ----'        drain() --> draining --> stopped
//
// Backoff and breaker are reset by progress, never by a mere connection or answer: an event settled, a good stretch of
// coverage, or a connection that lasts. A relay that answers and then ends the connection is dialed ever more slowly.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nostr/message.h"
#include "router/action.h"
#include "router/breaker.h"
#include "router/client_auth.h"
#include "router/mirror.h"
#include "router/options.h"
#include "router/publisher.h"
#include "router/status.h"
#include "util/backoff.h"
#include "util/clock.h"
#include "util/random.h"

namespace pharos::router {

class UpstreamFsm {
 public:
  struct Setup {
    UpstreamOptions upstream;
    CatchupOptions catchup;
    LinkOptions link;
    PublisherOptions publisher;
    std::size_t max_in_flight = 4'096;  // events without a verdict; beyond it reading pauses
    Signer signer;                      // empty: AUTH is not answered
    PublicKey own_key;
    std::vector<Ledger> ledgers;     // one per filter, as persisted
    std::optional<OutboxMark> mark;  // as persisted
    storage::Seq last_seq = 0;       // of the store
  };
  // clock and random outlive it.
  UpstreamFsm(Setup setup, const Clock& clock, Random& random);

  void start(Actions& out);
  void on_dialed(Actions& out);
  void on_dial_failed(std::string_view reason, Actions& out);
  enum class End { too_large, other };
  // The connection ended without our asking; too_large: because of a message beyond LinkOptions::max_message_bytes.
  void on_closed(std::string_view reason, Actions& out, End end = End::other);
  void on_message(RelayMessage&& message, Actions& out);
  void on_bad_message(const RelayMessageError& error, Actions& out);

  // refused: the label under which a refusal is counted; "" otherwise.
  void on_verdict(const Submit& submitted, Settled settled, std::string_view refused, Actions& out);
  void on_ledger_persisted(std::size_t filter, bool ok);
  void on_cursor_persisted(bool ok, Actions& out);
  void on_outbox(std::vector<Publisher::Item> items, storage::Seq examined_through, Actions& out);
  void on_outbox_failed();
  // This upstream brought these events of the store; before on_stored() tells of them.
  void on_brought(storage::Seq first, storage::Seq last);
  void on_stored(storage::Seq last_seq, Actions& out);
  // Not called for what this upstream brought.
  void on_ephemeral(const storage::EventPtr& event, Actions& out);
  bool publishes(storage::Seq seq) const { return publisher_ && !publisher_->is_settled(seq); }
  bool publishes(const Event& event) const { return publisher_ && publisher_->wants(event); }

  // When on_timer() wants to be called next.
  std::optional<SteadyTime> deadline() const;
  void on_timer(Actions& out);

  // Asks for nothing more, waits a bounded time for OKs, verdicts and writes, then hangs up and is stopped.
  void drain(Actions& out);
  bool stopped() const { return link_ == Link::stopped; }
  bool connected() const { return link_ == Link::open; }

  UpstreamState state() const;
  void fill_status(UpstreamStatus& status) const;

  // EVENTs that could not even be parsed.
  std::uint64_t unparsable() const { return unparsable_; }
  UnixSeconds last_event() const { return last_event_; }
  const Mirror* mirror() const { return mirror_.get(); }
  const Publisher* publisher() const { return publisher_.get(); }

 private:
  enum class Link { idle, waiting, dialing, open, stopped };

  void ended(bool failure, std::string_view reason, Actions& out);
  void wait_to_dial();
  void progress();
  void went_well(Actions& out);
  void check_lasting(Actions& out);
  void note_error(std::string_view text);
  bool note_refusal();  // true: there was one
  void check_pressure(Actions& out);
  void finish_drain(Actions& out);
  void on_event(EventReply&& reply, Actions& out);
  void on_ok(const OkReply& reply, Actions& out);
  void count_invalid(std::string_view reason);

  UpstreamOptions upstream_;
  LinkOptions link_options_;
  std::size_t max_in_flight_;
  const Clock& clock_;
  Random& random_;

  std::unique_ptr<Mirror> mirror_;        // unless up
  std::unique_ptr<Publisher> publisher_;  // unless down
  ClientAuth auth_;
  Breaker breaker_;
  Backoff backoff_;

  Link link_ = Link::idle;
  SteadyTime next_dial_{};
  SteadyTime opened_at_{};
  SteadyTime next_tick_{};
  UnixSeconds connected_since_ = 0;
  UnixSeconds last_event_ = 0;
  bool answered_ = false;    // something we asked, on this connection
  bool progressed_ = false;  // on this connection
  bool paused_ = false;
  std::optional<SteadyTime> drain_until_;
  std::string last_error_;
  UnixSeconds last_error_at_ = 0;
  bool error_stands_ = false;  // nothing went well since, on this connection
  bool was_told_off_ = false;  // the log has an end of a connection or a refusal, and not yet that it works again
  std::uint64_t unparsable_ = 0;
  std::vector<std::pair<std::string, std::uint64_t>> invalid_reasons_;  // labels from closed sets
};

}  // namespace pharos::router
