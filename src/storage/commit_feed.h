// Ordered commit batches to subscribers: the one source of live events. A subscriber that scanned up to seq s ignores
// events with seq <= s, so it sees no gap and no duplicate.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "storage/store.h"
#include "util/sync.h"

namespace pharos::storage {

struct CommittedEvent {
  Seq seq = 0;  // 0: ephemeral, never stored
  Origin origin = kLocalOrigin;
  EventPtr event;
};

// What was stored before, or earlier in the same batch, and is not any more: replaced, deleted, expired or erased.
struct ErasedEvent {
  Seq seq = 0;
  EventId id;
  PublicKey pubkey;
  UnixSeconds created_at = 0;
  Kind kind = 0;
  std::optional<UnixSeconds> expires_at;
};

struct CommitBatch {
  std::vector<CommittedEvent> events;  // may be empty where something was erased
  std::vector<ErasedEvent> erased;
};
using CommitBatchPtr = std::shared_ptr<const CommitBatch>;

class CommitFeed {
 public:
  // Called on the publishing thread, in commit order, one call at a time: post to your own thread and return.
  using Subscriber = std::function<void(const CommitBatchPtr&)>;

  // Unsubscribes when destroyed; after that the subscriber is not called any more.
  class Subscription {
   public:
    Subscription() = default;
    Subscription(CommitFeed* feed, std::uint64_t id) : feed_(feed), id_(id) {}
    Subscription(Subscription&& other) noexcept;
    Subscription& operator=(Subscription&& other) noexcept;
    ~Subscription();

   private:
    CommitFeed* feed_ = nullptr;
    std::uint64_t id_ = 0;
  };

  [[nodiscard]] Subscription subscribe(Subscriber subscriber);
  void publish(const CommitBatchPtr& batch);

 private:
  void unsubscribe(std::uint64_t id);

  Mutex mutex_;
  std::uint64_t next_id_ PHAROS_GUARDED_BY(mutex_) = 1;
  std::vector<std::pair<std::uint64_t, Subscriber>> subscribers_ PHAROS_GUARDED_BY(mutex_);
};

}  // namespace pharos::storage
