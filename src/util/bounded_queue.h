// A capped many-producer queue with batch pop: the inbox of a thread. Any thread.
// Overflow policy: try_push refuses, and the caller sheds or stops reading.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <utility>
#include <vector>

#include "util/sync.h"

namespace pharos {

template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}

  // False when full or closed; item is left untouched then.
  bool try_push(T&& item) {
    {
      Lock lock(mutex_);
      if (closed_ || count() >= capacity_) return false;
      pushed_.push_back(std::move(item));
    }
    not_empty_.notify_one();
    return true;
  }

  // Appends at most `most` items to out, waiting until `deadline` for the first. False when closed and drained.
  bool pop_batch(std::vector<T>& out, std::size_t most, std::chrono::steady_clock::time_point deadline) {
    Lock lock(mutex_);
    while (!closed_ && count() == 0) {
      if (lock.wait_until(not_empty_, deadline) == std::cv_status::timeout) break;
    }
    const bool open = !closed_ || count() > 0;
    for (; count() > 0 && most > 0; --most) {
      if (next_ == popped_.size()) {
        popped_.clear();
        popped_.swap(pushed_);
        next_ = 0;
      }
      out.push_back(std::move(popped_[next_++]));
    }
    return open;
  }

  // No more pushes; waiting threads wake. Items already in can still be popped.
  void close() {
    {
      Lock lock(mutex_);
      closed_ = true;
    }
    not_empty_.notify_all();
  }

  std::size_t size() const {
    Lock lock(mutex_);
    return count();
  }
  std::size_t capacity() const { return capacity_; }

 private:
  std::size_t count() const PHAROS_REQUIRES(mutex_) { return pushed_.size() + popped_.size() - next_; }

  const std::size_t capacity_;
  mutable Mutex mutex_;
  std::condition_variable not_empty_;
  // Two that change places when the one that is popped from is used up: their memory is used again.
  std::vector<T> pushed_ PHAROS_GUARDED_BY(mutex_);
  std::vector<T> popped_ PHAROS_GUARDED_BY(mutex_);
  std::size_t next_ PHAROS_GUARDED_BY(mutex_) = 0;  // in popped_
  bool closed_ PHAROS_GUARDED_BY(mutex_) = false;
};

}  // namespace pharos
