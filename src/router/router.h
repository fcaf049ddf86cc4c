// The router: dials upstream relays, mirrors what they have, publishes what is new here, and knows what it is missing.
// Owned by app; everything of it happens on the background shard, the public calls may come from any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ingest/sink.h"
#include "metrics/router_metrics.h"
#include "net/io_shards.h"
#include "router/client_auth.h"
#include "router/options.h"
#include "router/status.h"
#include "storage/store.h"
#include "util/clock.h"
#include "util/random.h"

namespace pharos::router {

// All outlive the router.
struct RouterServices {
  net::IoShard& shard;
  ingest::Sink& sink;
  storage::Store& store;
  const Clock& clock;
  Random& random;
  Signer signer;      // signs NIP-42 answers with the relay's identity; empty: none are given
  PublicKey own_key;  // whose NIP-70 protected events may be published
  metrics::RouterMetrics metrics;
};

class Router {
 public:
  Router(RouterOptions options, RouterServices services);
  // Call stop() before; what it could not stop in time ends with the shard.
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  // Starts the upstreams that are enabled, those of higher priority first, as fast as the dial rate permits.
  void start();
  // Another list of upstreams: stops those that are gone or changed, starts those that are new, leaves the others
  // alone. The other options take effect for upstreams started from now on.
  void apply(RouterOptions options);
  // Drains all upstreams and returns when they are stopped, at the latest after the drain timeout. The shard, the sink
  // and the store still run. Not from the shard. Idempotent.
  void stop();

  // As of at most a second ago.
  std::vector<UpstreamStatus> status() const;

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace pharos::router
