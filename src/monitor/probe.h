// One probe of one relay: drives the ProbeFsm with real connections. Shard-local.
#pragma once

#include <functional>
#include <memory>

#include "monitor/options.h"
#include "monitor/result.h"
#include "monitor/signer.h"
#include "net/io_shards.h"
#include "nostr/relay_url.h"
#include "util/clock.h"
#include "util/random.h"

namespace pharos::monitor {

// Ends the probe without a result when destroyed.
class Probe {
 public:
  // done comes later, on the shard, exactly once. signer and clock outlive the probe.
  Probe(net::IoShard& shard, const RelayUrl& url, const ProbeOptions& options, Signer& signer, const Clock& clock,
        std::function<void(ProbeResult)> done);
  ~Probe();
  Probe(Probe&&) noexcept;
  Probe& operator=(Probe&&) noexcept;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

// A probe outside of any schedule, for `pharos monitor check`: signs with a key made for this one probe, stores and
// publishes nothing. Any thread; done comes on the shard. clock and random outlive it.
void probe_once(net::IoShard& shard, const RelayUrl& url, const ProbeOptions& options, const Clock& clock,
                Random& random, std::function<void(const RelayUrl&, const ProbeResult&)> done);

}  // namespace pharos::monitor
