// Puts batches that finish in any order back into the order of their numbers, one consumer at a time. Any thread.
//
//   deposit(number, batch), then until next() gives nothing: consume, done()
//
// next() gives a batch to one thread only; the others leave, and that thread finds what they deposited when it comes
// back. Bounded by the batches that are out for verification.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "util/sync.h"

namespace pharos::ingest {

template <class Batch>
class Sequencer {
 public:
  void deposit(std::uint64_t number, Batch batch) {
    Lock lock(mutex_);
    waiting_.emplace(number, std::move(batch));
  }

  // The next batch in order, when it is there and nobody consumes one now.
  std::optional<Batch> next() {
    Lock lock(mutex_);
    if (consuming_ || waiting_.empty() || waiting_.begin()->first != next_) return std::nullopt;
    consuming_ = true;
    std::optional<Batch> batch(std::move(waiting_.begin()->second));
    waiting_.erase(waiting_.begin());
    return batch;
  }

  // The batch that next() gave is used up.
  void done() {
    Lock lock(mutex_);
    consuming_ = false;
    ++next_;
  }

  // The rest of the batch that next() gave, to be given again.
  void put_back(Batch rest) {
    Lock lock(mutex_);
    consuming_ = false;
    waiting_.emplace(next_, std::move(rest));
  }

 private:
  Mutex mutex_;
  std::uint64_t next_ PHAROS_GUARDED_BY(mutex_) = 0;
  bool consuming_ PHAROS_GUARDED_BY(mutex_) = false;
  std::map<std::uint64_t, Batch> waiting_ PHAROS_GUARDED_BY(mutex_);
};

}  // namespace pharos::ingest
