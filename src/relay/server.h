// The relay as a whole: listeners, serving shards, sessions and the fan-out from the store to them.
//
// Owned by app. Order of life: made before the io shards start or while they run; start(); drain(); then the io shards,
// the pool and the store stop; then this is destroyed, on a thread that is no shard's. The store, the sink and the pool
// outlive it.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "ingest/moderation.h"
#include "ingest/sink.h"
#include "metrics/relay_metrics.h"
#include "net/server.h"
#include "relay/options.h"
#include "storage/store.h"
#include "util/clock.h"
#include "util/random.h"
#include "util/result.h"
#include "util/snapshot.h"
#include "util/worker_pool.h"

namespace pharos::relay {

class RelayServer {
 public:
  struct Services {
    net::IoShards& shards;
    storage::Store& store;
    ingest::Sink& sink;
    WorkerPool& pool;
    const Clock& clock;
    Random& random;  // any thread
    metrics::RelayMetrics metrics;
    std::shared_ptr<Snapshot<net::TlsContext>> tls;  // as net::Server::listen wants it; nullptr: plain
    ingest::Moderation* moderation = nullptr;        // nullptr: no access lists, and nothing to manage
  };

  RelayServer(const Options& options, Services services);
  ~RelayServer();
  RelayServer(const RelayServer&) = delete;
  RelayServer& operator=(const RelayServer&) = delete;

  // Listens on every address, or on none.
  Result<void, net::NetFailure> start();
  // The bound addresses with their real ports, in the order of the options.
  std::vector<std::string> addresses() const;

  // New limits, names and texts, for NIP-11 at once and for connections from now on; the listeners stay. Any thread.
  void reconfigure(const Options& options);

  // Other access rules are in force: NIP-11 follows, and connections of addresses that are blocked now are closed. Any
  // thread.
  void access_changed();

  struct DrainReport {
    std::size_t closed = 0;  // connections that ended with all their OKs sent
    std::size_t cut = 0;     // connections still open when time was up
  };
  // Stops accepting, refuses upgrades with 503, lets every connection get the OKs it is due, closes it with 1001. Waits
  // at most `timeout`; not on a shard's thread.
  DrainReport drain(std::chrono::milliseconds timeout);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pharos::relay
