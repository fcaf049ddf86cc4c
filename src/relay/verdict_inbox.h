// Verdicts on their way from the threads that decide them to the shard of the connection: many of one commit wake the
// shard once. push() from any thread, take() on the shard's.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "ingest/verdict.h"
#include "nostr/event.h"
#include "util/clock.h"
#include "util/sync.h"

namespace pharos::relay {

class VerdictInbox {
 public:
  struct Entry {
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
  std::vector<Entry> take() {
    Lock lock(mutex_);
    return std::exchange(entries_, {});
  }

 private:
  Mutex mutex_;
  std::vector<Entry> entries_ PHAROS_GUARDED_BY(mutex_);  // at most the pending EVENTs of the connection
};

}  // namespace pharos::relay
