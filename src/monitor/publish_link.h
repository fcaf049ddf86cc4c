// The connection to one publish relay: dialed when there is something to send, closed when idle, redialed with backoff;
// answers AUTH with the monitor's identity. Shard-local.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "monitor/options.h"
#include "monitor/outbox.h"
#include "monitor/signer.h"
#include "net/io_shards.h"
#include "util/random.h"

namespace pharos::monitor {

struct PublishRelayStatus {
  std::string url;
  std::string state;  // idle, connecting, connected, backoff
  std::size_t waiting = 0;
  std::size_t in_flight = 0;
  Outbox::Totals totals;
  std::chrono::milliseconds last_latency{0};  // EVENT to OK
  std::string last_error;                     // of the connection or of the last refusal
};

class PublishLink {
 public:
  // settled: an event was accepted or finally not: refused, never answered, or dropped for want of room. All references
  // outlive this.
  PublishLink(RelayUrl url, const PublishOptions& options, const ProbeOptions& network, net::IoShard& shard,
              const Clock& clock, Random& random, Signer& signer,
              std::function<void(Kind kind, bool accepted)> settled);
  ~PublishLink();

  void push(storage::EventPtr event);
  PublishRelayStatus status() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace pharos::monitor
