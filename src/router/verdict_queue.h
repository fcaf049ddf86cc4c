// Brings verdicts of the ingest pipeline from whatever thread they fall on to a shard, many with one post.
// Bounded by the events its owner has submitted.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "ingest/verdict.h"
#include "net/io_shards.h"
#include "router/action.h"
#include "util/sync.h"

namespace pharos::router {

class VerdictQueue {
 public:
  struct Entry {
    Submit submitted;
    ingest::Verdict verdict;
  };
  // wake runs on the shard when entries wait; it calls take(). The shard outlives the queue.
  VerdictQueue(net::IoShard& shard, std::function<void()> wake) : shard_(shard), wake_(std::move(wake)) {}

  // Any thread.
  void add(const Submit& submitted, const ingest::Verdict& verdict) {
    {
      Lock lock(mutex_);
      entries_.push_back({submitted, verdict});
      if (entries_.size() > 1) return;
    }
    shard_.post(wake_);
  }
  std::vector<Entry> take() {
    Lock lock(mutex_);
    return std::exchange(entries_, {});
  }

 private:
  net::IoShard& shard_;
  const std::function<void()> wake_;
  Mutex mutex_;
  std::vector<Entry> entries_ PHAROS_GUARDED_BY(mutex_);
};

}  // namespace pharos::router
