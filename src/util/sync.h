// Mutex with clang thread-safety annotations: `int x PHAROS_GUARDED_BY(mutex_)` makes an unlocked access an error
// in the clang build; gcc ignores the attributes.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define PHAROS_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define PHAROS_THREAD_ANNOTATION(x)
#endif

#define PHAROS_CAPABILITY(x) PHAROS_THREAD_ANNOTATION(capability(x))
#define PHAROS_SCOPED_CAPABILITY PHAROS_THREAD_ANNOTATION(scoped_lockable)
#define PHAROS_GUARDED_BY(x) PHAROS_THREAD_ANNOTATION(guarded_by(x))
#define PHAROS_REQUIRES(...) PHAROS_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define PHAROS_ACQUIRE(...) PHAROS_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define PHAROS_RELEASE(...) PHAROS_THREAD_ANNOTATION(release_capability(__VA_ARGS__))

namespace pharos {

class PHAROS_CAPABILITY("mutex") Mutex {
 public:
  void lock() PHAROS_ACQUIRE() { mutex_.lock(); }
  void unlock() PHAROS_RELEASE() { mutex_.unlock(); }

 private:
  friend class Lock;
  std::mutex mutex_;
};

class PHAROS_SCOPED_CAPABILITY Lock {
 public:
  explicit Lock(Mutex& mutex) PHAROS_ACQUIRE(mutex) : lock_(mutex.mutex_) {}
  ~Lock() PHAROS_RELEASE() = default;
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  // Waits on the condition; spurious wake-ups happen, so call it in a loop that tests the predicate.
  void wait(std::condition_variable& condition) { condition.wait(lock_); }
  template <class Clock, class D>
  std::cv_status wait_until(std::condition_variable& condition, std::chrono::time_point<Clock, D> deadline) {
    return condition.wait_until(lock_, deadline);
  }

 private:
  std::unique_lock<std::mutex> lock_;
};

}  // namespace pharos
