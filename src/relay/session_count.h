// How many sessions there are over all shards, for who waits for their end. Any thread.
#pragma once

#include <condition_variable>
#include <cstddef>

#include "util/clock.h"
#include "util/sync.h"

namespace pharos::relay {

class SessionCount {
 public:
  void add() {
    Lock lock(mutex_);
    ++count_;
  }
  void remove() {
    {
      Lock lock(mutex_);
      --count_;
    }
    changed_.notify_all();
  }
  std::size_t get() const {
    Lock lock(mutex_);
    return count_;
  }
  // The number left, which is 0 unless the deadline came first.
  std::size_t wait_for_none(SteadyTime deadline) const {
    Lock lock(mutex_);
    while (count_ > 0) {
      if (lock.wait_until(changed_, deadline) == std::cv_status::timeout) break;
    }
    return count_;
  }

 private:
  mutable Mutex mutex_;
  mutable std::condition_variable changed_;
  std::size_t count_ PHAROS_GUARDED_BY(mutex_) = 0;
};

}  // namespace pharos::relay
