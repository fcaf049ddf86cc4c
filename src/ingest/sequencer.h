// Puts batches that finish in any order back into the order of their numbers, one consumer at a time. Any thread.
//
//   deposit(number, batch), then until next() gives nothing: consume, done()
//
// next() gives a batch to one thread only; the others leave, and that thread finds what they deposited when it comes
// back. Bounded by the batches that are out for verification.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include "util/sync.h"

namespace pharos::ingest {

template <class Batch>
class Sequencer {
 public:
  void deposit(std::uint64_t number, Batch batch) {
    Lock lock(mutex_);
    const auto place = static_cast<std::size_t>(number - next_);
    if (place >= waiting_.size()) waiting_.resize(place + 1);
    waiting_[place] = std::move(batch);
  }

  // The next batch in order, when it is there and nobody consumes one now.
  std::optional<Batch> next() {
    Lock lock(mutex_);
    if (consuming_ || waiting_.empty() || !waiting_.front()) return std::nullopt;
    consuming_ = true;
    return std::exchange(waiting_.front(), std::nullopt);
  }

  // The batch that next() gave is used up.
  void done() {
    Lock lock(mutex_);
    consuming_ = false;
    ++next_;
    waiting_.pop_front();
  }

  // The rest of the batch that next() gave, to be given again.
  void put_back(Batch rest) {
    Lock lock(mutex_);
    consuming_ = false;
    waiting_.front() = std::move(rest);
  }

 private:
  Mutex mutex_;
  std::uint64_t next_ PHAROS_GUARDED_BY(mutex_) = 0;
  bool consuming_ PHAROS_GUARDED_BY(mutex_) = false;
  std::deque<std::optional<Batch>> waiting_ PHAROS_GUARDED_BY(mutex_);  // from number next_ on
};

}  // namespace pharos::ingest
