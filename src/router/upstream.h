// The thin driver of one upstream: carries out what UpstreamFsm asks, over a WebSocket, the ingest pipeline and the
// store. Owned by Router; every call and callback on the background shard.
//
// Duplicates are dropped by id before any signature work: first by the ids decided lately, then by the store. An id is
// believed to be held only when the store decided about it, so a forged body under a true id hides nothing: it is
// dropped as a duplicate, or refused by ingest, and the true event is taken when it comes.
//
// Never echoes: an event is not sent to the upstream that brought it. Known by its origin in the commit feed, within
// the bounds of Publisher, and by the ids that this upstream sent lately (also those that another brought first).
// Across a restart the persisted mark stands for the first; events taken in less than its write interval before a
// crash, and those that another upstream brought first, may be offered to their sender once, who knows them.
//
// Begins only when what is known about the upstream has been read: without it good ledgers would be written over and
// the backlog would be forgotten. A failed read is tried again; what a later program wrote is left alone.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/sink.h"
#include "metrics/router_metrics.h"
#include "net/ws_connector.h"
#include "router/dial_gate.h"
#include "router/recent_ids.h"
#include "router/upstream_fsm.h"
#include "router/upstream_tally.h"
#include "router/verdict_queue.h"

namespace pharos::router {

// What all upstreams share. Everything outlives them.
struct UpstreamContext {
  net::IoShard& shard;
  ingest::Sink& sink;
  storage::Store& store;
  const Clock& clock;
  Random& random;
  const RouterOptions& options;  // but for the list of upstreams
  Signer signer;
  PublicKey own_key;
  RecentIds& decided;
  DialGate& gate;
  std::function<void()> gate_changed;
  metrics::Counter ephemeral_dropped;
};

class Upstream : public std::enable_shared_from_this<Upstream> {
 public:
  // id: for the dial gate. origin: stable for the URL as long as the process lives. last_seq: the newest sequence
  // number of the store.
  Upstream(const UpstreamContext& context, const UpstreamOptions& options, std::uint64_t id, storage::Origin origin,
           storage::Seq last_seq, metrics::UpstreamMetrics metrics);
  ~Upstream();
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;

  // Loads ledgers and mark and begins.
  void start();
  // stopped is called once, when nothing is open any more.
  void drain(std::function<void()> stopped);

  // Events of the store that were brought by `origin`; before on_stored() tells of them.
  void on_brought(storage::Seq first, storage::Seq last, storage::Origin origin);
  void on_stored(storage::Seq last_seq);
  void on_ephemeral(const storage::EventPtr& event, storage::Origin origin);

  UpstreamStatus status() const;
  const UpstreamOptions& options() const { return options_; }
  bool connected() const { return fsm_ && fsm_->connected(); }
  // Events without a verdict.
  std::size_t undecided() const { return fsm_ && fsm_->mirror() ? fsm_->mirror()->undecided() : 0; }

 private:
  template <class F>
  void run(F&& input);
  void perform(Action& action, Actions& more);
  void dial();
  void dial_now();
  void on_dial_done(Result<net::Dialed, net::DialFailure> result);
  void on_text(std::string_view text);
  void on_connection_closed(std::uint64_t number, const std::string& reason, UpstreamFsm::End end);
  void hang_up(const std::string& reason);
  void submit(Submit&& submit, Actions& more);
  void feed_sink();
  void on_verdicts();
  void persist_ledger(PersistLedger&& write);
  void persist_cursor(const PersistCursor& write);
  void read_outbox(const ReadOutbox& read);
  void send(std::string_view text);
  void arm_timer();
  enum class Load { ok, later, never };
  Load load(UpstreamFsm::Setup& setup);
  void try_start();

  UpstreamContext context_;
  UpstreamOptions options_;
  std::uint64_t id_;
  storage::Origin origin_;
  const ingest::SenderPtr sender_;
  storage::Seq last_seq_;
  UpstreamTally tally_;

  std::unique_ptr<UpstreamFsm> fsm_;
  net::Timer timer_;
  net::Timer retry_timer_;
  std::unique_ptr<net::PendingDial> pending_dial_;
  net::WsConnectionPtr connection_;
  std::uint64_t connection_number_ = 0;  // tells callbacks of an earlier connection apart
  std::string out_;                      // one message being written
  std::vector<std::string> ledger_keys_;
  std::string mark_key_;
  std::string load_error_;
  std::optional<SteadyTime> armed_for_;

  std::deque<Submit> to_submit_;  // bounded: reading pauses at in_flight_per_upstream
  bool retry_armed_ = false;
  std::shared_ptr<VerdictQueue> verdicts_;
  RecentIds received_;  // for `both` only
  std::function<void()> stopped_;
};

}  // namespace pharos::router
