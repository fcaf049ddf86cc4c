// From the commit feed to the serving shards: one immutable batch, shared by all of them.
//
// The feed calls on the publishing thread (the writer's), so nothing is rendered or matched here.
#pragma once

#include <vector>

#include "relay/serving_shard.h"
#include "storage/commit_feed.h"

namespace pharos::relay {

class Fanout {
 public:
  // The shards and the feed outlive it.
  Fanout(storage::CommitFeed& feed, std::vector<ServingShard*> shards, const Clock& clock);

 private:
  const std::vector<ServingShard*> shards_;
  const Clock& clock_;
  storage::CommitFeed::Subscription subscription_;
};

}  // namespace pharos::relay
