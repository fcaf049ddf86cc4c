// Threads that do sockets: one event loop each; a connection lives on one shard for life.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace pharos::net {

// One event loop and its thread.
class IoShard {
 public:
  struct Impl;  // the io_context, known inside net only
  explicit IoShard(std::size_t index);
  ~IoShard();
  IoShard(const IoShard&) = delete;
  IoShard& operator=(const IoShard&) = delete;

  std::size_t index() const { return index_; }
  // Runs task on the shard's thread, later. Any thread.
  void post(std::function<void()> task);
  // True on the shard's own thread.
  bool is_current() const;
  Impl& impl() { return *impl_; }

 private:
  std::size_t index_;
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
  void cancel();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

class IoShards {
 public:
  // `serving` shards for connections of the relay, plus one background shard for router and monitor.
  explicit IoShards(std::size_t serving);
  ~IoShards();

  std::size_t serving_count() const;
  IoShard& serving(std::size_t i);
  IoShard& background();

  void start();
  // Stops the loops and joins; pending handlers are dropped. Idempotent.
  void stop();

 private:
  std::vector<std::unique_ptr<IoShard>> shards_;
  struct Threads;
  std::unique_ptr<Threads> threads_;
};

}  // namespace pharos::net
