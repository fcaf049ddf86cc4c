// Finds relay URLs in the own store: walks what is there now and then, and follows the commit feed in between.
// Shard-local; the feed's thread only leaves events in a bounded inbox.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "monitor/options.h"
#include "net/io_shards.h"
#include "nostr/relay_url.h"
#include "nostr/types.h"
#include "storage/store.h"

namespace pharos::monitor {

class Discovery {
 public:
  // found is called on the shard, many times for the same URL. Events by `self` are skipped. All outlive this.
  Discovery(const DiscoveryOptions& options, net::IoShard& shard, storage::Store& store, const Clock& clock,
            const PublicKey& self, std::function<void(const RelayUrl&)> found);
  ~Discovery();

  void start();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace pharos::monitor
