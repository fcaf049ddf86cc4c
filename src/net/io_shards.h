// Threads that do sockets: one event loop each; a connection lives on one shard for life.
// The shards outlive every server, connection, dial and timer made on them.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "metrics/net_metrics.h"
#include "util/callback.h"

namespace pharos::net {

// One event loop and its thread.
class IoShard {
 public:
  struct Impl;  // the io_context, known inside net only
  explicit IoShard(std::size_t index, const metrics::NetMetrics& metrics = {});
  ~IoShard();
  IoShard(const IoShard&) = delete;
  IoShard& operator=(const IoShard&) = delete;

  std::size_t index() const { return index_; }
  // Runs task on the shard's thread, later, in the order posted. Any thread. Dropped when the shard was stopped.
  // An exception that escapes the task is logged and counted; the loop goes on. Not capped: whoever posts per unit of
  // work has the cap (an inbox, a window, a connection count) on its side.
  void post(Task task);
  // True on the shard's own thread.
  bool is_current() const;
  const metrics::NetMetrics& metrics() const { return metrics_; }
  Impl& impl() { return *impl_; }

 private:
  std::size_t index_;
  metrics::NetMetrics metrics_;
  std::unique_ptr<Impl> impl_;
};

// One-shot timer. Shard-local: create, arm, cancel and destroy on the shard's thread.
class Timer {
 public:
  explicit Timer(IoShard& shard);
  ~Timer();  // cancels
  Timer(Timer&&) noexcept;
  Timer& operator=(Timer&&) noexcept;

  // Replaces what was armed before.
  void arm(std::chrono::milliseconds delay, std::function<void()> on_expiry);
  // What was armed does not run any more, even when it had expired already.
  void cancel();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

class IoShards {
 public:
  // `serving` shards for connections of the relay, plus one background shard for router and monitor.
  explicit IoShards(std::size_t serving, const metrics::NetMetrics& metrics = {});
  ~IoShards();

  std::size_t serving_count() const;
  IoShard& serving(std::size_t i);
  IoShard& background();

  void start();
  // Stops the loops and joins; pending handlers are dropped, with what they own. Idempotent. Not from a shard.
  void stop();

 private:
  std::vector<std::unique_ptr<IoShard>> shards_;
  struct Threads;
  std::unique_ptr<Threads> threads_;
};

}  // namespace pharos::net
