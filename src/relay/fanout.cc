#include "relay/fanout.h"

#include "nostr/kind.h"

namespace pharos::relay {

Fanout::Fanout(storage::CommitFeed& feed, std::vector<ServingShard*> shards, const Clock& clock)
    : shards_(std::move(shards)), clock_(clock) {
  subscription_ = feed.subscribe([this](const storage::CommitBatchPtr& committed) {
    auto batch = std::make_shared<LiveBatch>();
    batch->committed_at = clock_.now();
    batch->events.reserve(committed->events.size());
    for (const storage::CommittedEvent& event : committed->events) {
      // NIP-62: a matter between its author and this relay.
      if (event.event->kind == kind::kVanish) continue;
      batch->events.push_back(std::make_shared<const LiveEvent>(event));
      batch->bytes += batch->events.back()->bytes();
    }
    if (batch->events.empty()) return;
    for (ServingShard* shard : shards_) shard->publish(batch);
  });
}

}  // namespace pharos::relay
