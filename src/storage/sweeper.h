// Erases what filters match, in batches behind what is served: requests to vanish (NIP-62), bans, an operator's
// command.
//
// One thread of its own, one sweep after the other. Each batch is one commit of the writer, so other submissions pass
// between two of them. A batch that cannot be written is tried again, with what waits behind it, until it can be or the
// store stops.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <optional>
#include <thread>
#include <vector>

#include "storage/query.h"
#include "storage/store.h"
#include "storage/tombstones.h"
#include "util/clock.h"
#include "util/sync.h"

namespace pharos::storage {

// For all that the sweep erases, or would.
QueryOptions unlimited_query(const Sweep& sweep);

class Sweeper {
 public:
  // Of Store::sweep(). Requests to vanish wait beside them: at most those in flight, and at first those of all keys
  // that ever vanished.
  static constexpr std::size_t kMaxWaiting = 256;

  // The store outlives it.
  Sweeper(Store& store, const Clock& clock) : store_(store), clock_(clock) {}
  // stop()
  ~Sweeper();
  Sweeper(const Sweeper&) = delete;
  Sweeper& operator=(const Sweeper&) = delete;

  // Starts the thread. What is submitted before waits for it.
  void start();
  // Any thread. False, and the sweep untouched, when too many wait or it is stopped.
  bool submit(Sweep&& sweep);
  // Erases what the request forbids. Any thread; false, and done untouched, when it is stopped.
  bool submit(const Vanished& vanished, Callback<void(PutOutcome)>& done);
  bool submit(const Vanished& vanished);
  // Ends after the batch under way and answers what waits. The writer still runs.
  void stop();

 private:
  void run();
  Swept perform(const Sweep& sweep);
  bool erase_listed(const Sweep& sweep, Swept& swept);
  bool erase_matching(const Sweep& sweep, Swept& swept);
  // How many were erased, once they are; nullopt when it is stopped, or the sweep over, before.
  std::optional<std::size_t> erase(std::vector<Seq> batch, const Sweep& sweep);
  // nullopt when it could not be written.
  std::optional<std::size_t> try_erase(const std::vector<Seq>& batch, const Sweep& sweep);
  // False when it is stopped meanwhile.
  bool wait(std::chrono::milliseconds time);

  Store& store_;
  const Clock& clock_;

  Mutex mutex_;
  std::condition_variable changed_;
  std::deque<Sweep> waiting_ PHAROS_GUARDED_BY(mutex_);
  bool stopping_ PHAROS_GUARDED_BY(mutex_) = false;

  Mutex stop_mutex_;
  std::thread thread_ PHAROS_GUARDED_BY(stop_mutex_);
};

}  // namespace pharos::storage
