// Signs the monitor's events and takes them to the own store and to the publish relays. Holds the secret key; nobody
// else has it. Shard-local.
//
// created_at rises strictly per address (kind, d), so that a later statement always replaces the earlier one (NIP-01),
// also after a restart, after a step back of the clock and within one second. What a clock that ran ahead has dated
// further ahead than relays take is deleted (NIP-09, by its id) and stated anew: rising on from there would keep every
// later statement in the future too.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "ingest/sink.h"
#include "metrics/monitor_metrics.h"
#include "monitor/options.h"
#include "monitor/publish_link.h"
#include "monitor/signer.h"
#include "net/io_shards.h"
#include "storage/store.h"
#include "util/random.h"

namespace pharos::monitor {

class Publisher final : public Signer {
 public:
  // Everything by reference outlives this; metrics is shared with replies that come late.
  Publisher(const SecretKey& secret, const PublishOptions& options, const ProbeOptions& network, net::IoShard& shard,
            storage::Store& store, ingest::Sink& sink, const Clock& clock, Random& random,
            std::shared_ptr<const metrics::MonitorMetrics> metrics);
  ~Publisher() override;

  // kind, tags and content are set; the rest is filled in.
  void publish(Event event);
  // Publishes the statement unless the own store holds the same one already; then the publish relays alone get that.
  void restate(Event event);

  void sign(Event& event) override;
  const PublicKey& public_key() const override { return public_key_; }
  std::vector<PublishRelayStatus> relays() const;
  // Waiting for room in the ingest pipeline.
  std::size_t waiting() const;

 private:
  class OwnStore;

  std::shared_ptr<const Event> newest_stored(Kind kind, std::string_view identifier) const;
  void stamp(Event& event);
  bool too_far_ahead(UnixSeconds created_at) const;
  void retract(const Event& event);
  void submit(Event event);
  void broadcast(const storage::EventPtr& event);

  SecretKey secret_;
  PublicKey public_key_;
  storage::Store& store_;
  const Clock& clock_;
  Random& random_;
  std::shared_ptr<const metrics::MonitorMetrics> metrics_;
  std::shared_ptr<OwnStore> own_;
  std::vector<std::unique_ptr<PublishLink>> links_;
  std::size_t max_stamps_;
  std::unordered_map<std::string, UnixSeconds> stamps_;  // address -> created_at of the newest
};

}  // namespace pharos::monitor
