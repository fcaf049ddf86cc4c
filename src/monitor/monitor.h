// The NIP-66 monitor: watches relays, keeps what it finds, and publishes it under the relay's own identity.
//
//   settings, file, own store -> TargetBook -> Schedule -> Probe (ProbeFsm) -> OutageGuard -> ResultStore
//                                                                                        `-> nip66 -> Publisher
//
// Owned by app. Everything happens on the one shard it is given; start, stop and status_json may be called from any
// thread.
#pragma once

#include <memory>
#include <string>

#include "ingest/sink.h"
#include "metrics/monitor_metrics.h"
#include "monitor/options.h"
#include "net/io_shards.h"
#include "nostr/types.h"
#include "storage/store.h"
#include "util/clock.h"
#include "util/random.h"

namespace pharos::monitor {

// All outlive the monitor. random is used on the shard alone.
struct MonitorDependencies {
  net::IoShard& shard;
  storage::Store& store;
  ingest::Sink& sink;
  const Clock& clock;
  Random& random;
  metrics::MonitorMetrics metrics{};
};

class Monitor {
 public:
  // secret: the relay's identity; valid. It is kept by the publisher alone.
  Monitor(const MonitorOptions& options, const SecretKey& secret, const MonitorDependencies& dependencies);
  // stop().
  ~Monitor();

  // Reads what is remembered, takes in the targets and begins. Problems with single targets are logged. Once.
  void start();
  // Ends all probes and connections; waits until the shard has done so, at most a few seconds. The shard still runs.
  // Idempotent.
  void stop();

  // At most status_every old; "{}" before the first.
  std::string status_json() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace pharos::monitor
