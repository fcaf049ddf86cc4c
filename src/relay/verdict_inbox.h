// Verdicts on their way from the threads that decide them to a shard: many of one commit wake it once. push() from any
// thread, take() on the shard's. Bounded by what the pipeline takes.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "ingest/verdict.h"
#include "nostr/event.h"
#include "util/clock.h"
#include "util/sync.h"

namespace pharos::relay {

class ShardMember;

class VerdictInbox {
 public:
  struct Entry {
    std::weak_ptr<ShardMember> sender;
    EventId id;
    ingest::Verdict verdict;
    SteadyTime submitted_at;
  };

  // True when the shard has to be woken for it.
  bool push(Entry entry) {
    Lock lock(mutex_);
    entries_.push_back(std::move(entry));
    return entries_.size() == 1;
  }
  // Replaces `into`, whose memory is used again.
  void take(std::vector<Entry>& into) {
    into.clear();
    Lock lock(mutex_);
    entries_.swap(into);
  }

 private:
  Mutex mutex_;
  std::vector<Entry> entries_ PHAROS_GUARDED_BY(mutex_);
};

}  // namespace pharos::relay
