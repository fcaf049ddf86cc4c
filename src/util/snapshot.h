// Snapshot<T>: the current version of something that is replaced whole, such as the settings or a TLS context.
// Any thread. A mutex-held shared_ptr, because std::atomic<std::shared_ptr> is neither lock-free nor TSan-clean here.
#pragma once

#include <memory>
#include <utility>

#include "util/sync.h"

namespace pharos {

template <class T>
class Snapshot {
 public:
  explicit Snapshot(std::shared_ptr<const T> initial) : current_(std::move(initial)) {}

  std::shared_ptr<const T> get() const {
    Lock lock(mutex_);
    return current_;
  }
  void set(std::shared_ptr<const T> next) {
    Lock lock(mutex_);
    current_.swap(next);
  }

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const T> current_ PHAROS_GUARDED_BY(mutex_);
};

}  // namespace pharos
