// A Store without a database, for tests of the layers above that submit and listen but do not query. What is submitted
// waits until commit() decides it; with `auto_commit` it is decided inside submit(). Any thread.
#pragma once

#include <deque>
#include <functional>
#include <unordered_set>
#include <utility>
#include <vector>

#include "storage/commit_feed.h"
#include "storage/draft.h"
#include "storage/record.h"
#include "storage/snapshot.h"
#include "storage/store.h"
#include "storage/tables.h"
#include "storage/txn.h"
#include "util/sync.h"

namespace pharos::test {

class FakeStore final : public storage::Store {
 public:
  bool auto_commit = false;
  std::size_t capacity = 1'000'000;  // submissions that may wait
  // Decides instead of "stored, or duplicate when the id is held".
  std::function<storage::PutOutcome(const Event&)> decide;

  bool submit(storage::PutRequest&& request) override {
    {
      Lock lock(mutex_);
      if (stopped_ || waiting_.size() >= capacity) return false;
      submitted_.push_back(request.event);
      if (request.draft != nullptr) drafted_.push_back(storage::RecordView(0, request.draft->record).id());
      waiting_.push_back(std::move(request));
    }
    if (auto_commit) commit();
    return true;
  }

  // Decides the next `most` of those that wait, publishes what was stored, then calls done. Returns how many.
  std::size_t commit(std::size_t most = ~std::size_t{0}) {
    std::vector<std::pair<storage::PutRequest, storage::PutOutcome>> decided;
    auto batch = std::make_shared<storage::CommitBatch>();
    {
      Lock lock(mutex_);
      for (; !waiting_.empty() && most > 0; --most) {
        storage::PutRequest request = std::move(waiting_.front());
        waiting_.pop_front();
        storage::PutOutcome outcome = storage::PutOutcome::stored;
        if (decide) {
          outcome = decide(*request.event);
        } else if (held_.contains(request.event->id)) {
          outcome = storage::PutOutcome::duplicate;
        }
        if (outcome == storage::PutOutcome::stored) {
          held_.insert(request.event->id);
          batch->events.push_back({++last_seq_, request.origin, request.event});
        }
        decided.emplace_back(std::move(request), outcome);
      }
    }
    if (!batch->events.empty()) feed_.publish(batch);
    for (auto& [request, outcome] : decided) request.done(outcome);
    return decided.size();
  }

  bool submit_update(std::function<bool(storage::WriteTxn&)>, std::function<void(bool)>) override { return false; }

  void publish_ephemeral(storage::EventPtr event, storage::Origin origin) override {
    auto batch = std::make_shared<storage::CommitBatch>();
    batch->events.push_back({0, origin, std::move(event)});
    feed_.publish(batch);
  }

  Result<storage::ReadTxn, storage::StorageFailure> read() const override {
    return storage::StorageFailure{storage::StorageError::io, "a fake store has nothing to read"};
  }
  Result<storage::Snapshot, storage::StorageFailure> snapshot() const override {
    return storage::StorageFailure{storage::StorageError::io, "a fake store has nothing to read"};
  }
  const storage::Tables& tables() const override { return tables_; }
  storage::CommitFeed& feed() override { return feed_; }
  storage::Seq last_seq() const override {
    Lock lock(mutex_);
    return last_seq_;
  }
  storage::Origin allocate_origin() override {
    Lock lock(mutex_);
    return next_origin_++;
  }
  bool contains(const EventId& id) const override {
    Lock lock(mutex_);
    return held_.contains(id);
  }
  void stop() override {
    {
      Lock lock(mutex_);
      stopped_ = true;
    }
    commit();
  }

  std::size_t waiting() const {
    Lock lock(mutex_);
    return waiting_.size();
  }
  std::vector<storage::EventPtr> submitted() const {
    Lock lock(mutex_);
    return submitted_;
  }
  // Those that came with a draft.
  std::vector<EventId> drafted() const {
    Lock lock(mutex_);
    return drafted_;
  }
  void hold(const EventId& id) {
    Lock lock(mutex_);
    held_.insert(id);
  }

 private:
  storage::Tables tables_{};
  storage::CommitFeed feed_;
  mutable Mutex mutex_;
  std::deque<storage::PutRequest> waiting_ PHAROS_GUARDED_BY(mutex_);
  std::vector<EventId> drafted_ PHAROS_GUARDED_BY(mutex_);
  std::vector<storage::EventPtr> submitted_ PHAROS_GUARDED_BY(mutex_);
  std::unordered_set<EventId> held_ PHAROS_GUARDED_BY(mutex_);
  storage::Seq last_seq_ PHAROS_GUARDED_BY(mutex_) = 0;
  storage::Origin next_origin_ PHAROS_GUARDED_BY(mutex_) = 1;
  bool stopped_ PHAROS_GUARDED_BY(mutex_) = false;
};

}  // namespace pharos::test
