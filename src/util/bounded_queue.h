// A capped many-producer queue with batch pop: the inbox of a thread. Any thread.
// Overflow policy: try_push refuses, and the caller sheds or stops reading.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
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
      if (closed_ || items_.size() >= capacity_) return false;
      items_.push_back(std::move(item));
    }
    not_empty_.notify_one();
    return true;
  }

  // Appends at most `most` items to out, waiting until `deadline` for the first. False when closed and drained.
  bool pop_batch(std::vector<T>& out, std::size_t most, std::chrono::steady_clock::time_point deadline) {
    Lock lock(mutex_);
    while (!closed_ && items_.empty()) {
      if (lock.wait_until(not_empty_, deadline) == std::cv_status::timeout) break;
    }
    const bool open = !closed_ || !items_.empty();
    while (!items_.empty() && most-- > 0) {
      out.push_back(std::move(items_.front()));
      items_.pop_front();
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
    return items_.size();
  }
  std::size_t capacity() const { return capacity_; }

 private:
  const std::size_t capacity_;
  mutable Mutex mutex_;
  std::condition_variable not_empty_;
  std::deque<T> items_ PHAROS_GUARDED_BY(mutex_);
  bool closed_ PHAROS_GUARDED_BY(mutex_) = false;
};

}  // namespace pharos
