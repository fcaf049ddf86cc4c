// One client connection: carries out what the state machine says on the socket, the sink, the live index and the
// query runner, and applies back-pressure.
//
//   EVENTs      the sink full, or too many without their OK: reading pauses, TCP pushes back
//   bytes       more than the client's rates allow: reading pauses until there is room
//   stored      a slice is asked for only while the connection's queue is below low water
//   live        the connection's outbound cap cuts a slow reader off
//
// Owned by its ServingShard; on that shard's thread alone.
#pragma once

#include <deque>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ingest/sink.h"
#include "net/ws_connection.h"
#include "relay/neg_session.h"
#include "relay/neg_trees.h"
#include "relay/query_runner.h"
#include "relay/serving_shard.h"
#include "relay/session_fsm.h"

namespace pharos::relay {

// What the sessions of a shard share; all of it outlives them.
struct SessionContext {
  ServingShard& shard;
  ingest::Sink& sink;
  SliceRunner& runner;
  std::shared_ptr<NegMemory> neg_memory;
  NegTrees& neg_trees;
  const Clock& clock;
  const metrics::RelayMetrics& metrics;
  AddressRates& rates;
};

// The connection that a session serves, and what was settled when it was accepted.
struct Accepted {
  net::WsConnectionPtr connection;
  std::size_t low_water_bytes = 0;  // the connection's own
  std::string challenge;
  bool eose_hint = false;                            // as SessionFsm's
  std::shared_ptr<const ingest::AccessRules> rules;  // of the moment; nullptr: none
};

class Session final : public ShardMember, public std::enable_shared_from_this<Session> {
 public:
  // Starts the connection and attaches the session to its shard.
  static void open(const SessionContext& context, std::shared_ptr<const Options> options,
                   std::shared_ptr<const OwnUrls> own, Accepted accepted);

  Session(const SessionContext& context, std::shared_ptr<const Options> options, std::shared_ptr<const OwnUrls> own,
          Accepted accepted);

  void on_live(std::uint64_t key, const LiveEventPtr& event) override;
  void on_events_lost() override;
  void on_verdict(const VerdictInbox::Entry& entry, std::string& scratch) override;
  void retry() override;
  bool tick() override;
  void begin_drain() override;
  void shut_down() override;
  void obey(const std::shared_ptr<const ingest::AccessRules>& rules) override;
  void wake() override;
  void obey(const std::shared_ptr<const RateRules>& rates) override;

 private:
  void start();
  void on_message(std::string_view text);
  void on_drained();
  void on_closed();
  void on_slice(SubscriptionKey key, const ScanSlice& slice);

  // Carries out and empties actions_.
  void run();
  void run(action::Send& send);
  void run(action::SendEvents& send);
  void run(action::Submit& submit);
  void run(action::CountRefused& refused);
  // Who it is that an operator may want to ban. id: nullptr where nobody read it.
  void tell_of_refused(ingest::Reason reason, const EventId* id) const;
  void run(action::Watch& watch);
  void run(action::Scan& scan);
  void run(const action::Invite& invite);
  void run(action::Count& count);
  void run(action::Negotiate& negotiate);
  void run(action::Park& park);
  void run(action::Forget& forget);
  void run(action::Disconnect& disconnect);

  bool submit(const storage::EventPtr& event);
  const ingest::SenderPtr& sender();
  void submit_waiting();
  void begin(SubscriptionKey key, std::shared_ptr<SlicedWork> scan);
  void request_slice(SubscriptionKey key);
  // Reads nothing as long as too many bytes have come.
  void hold_back(const std::optional<TooFast>& excess);
  void update_reading();
  void close_when_drained();

  const SessionContext context_;
  const std::shared_ptr<const Options> options_;
  const net::WsConnectionPtr connection_;
  const std::size_t low_water_bytes_;
  ClientRates rates_;
  SessionFsm fsm_;
  ingest::SenderPtr sender_;  // of the keys and rates at the last EVENT
  Actions actions_;
  std::unordered_map<SubscriptionKey, ServingShard::Watched> watching_;
  std::unordered_map<SubscriptionKey, std::shared_ptr<SlicedWork>> scans_;
  std::unordered_map<SubscriptionKey, std::shared_ptr<NegSession>> negotiations_;  // while open, in work or not
  std::vector<SubscriptionKey> resting_scans_;                                     // wait for on_drained
  std::deque<storage::EventPtr> unsubmitted_;  // the sink was full; reading pauses while there are any
  bool retry_armed_ = false;
  bool held_back_ = false;  // by its rates
  bool wake_armed_ = false;
  bool reading_ = true;
  bool draining_ = false;
  bool closed_ = false;
};

}  // namespace pharos::relay
