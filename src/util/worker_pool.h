// A fixed set of threads for CPU bursts: signature batches and scan slices. Any thread may submit.
// Bounded: try_submit refuses when the queue is full, and the caller keeps the work (stop reading, retry later).
#pragma once

#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include "util/bounded_queue.h"
#include "util/callback.h"

namespace pharos {

class WorkerPool {
 public:
  using Job = Task;

  // threads >= 1. Threads are named name-0, name-1, ... for top and perf.
  WorkerPool(std::string name, std::size_t threads, std::size_t queue_capacity);
  // Runs what is queued, then joins.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  bool try_submit(Job job) { return queue_.try_push(std::move(job)); }

  // Refuses new work, runs what is queued, joins. Idempotent.
  void stop();

  std::size_t threads() const { return threads_.size(); }
  std::size_t queue_depth() const { return queue_.size(); }
  std::size_t queue_capacity() const { return queue_.capacity(); }

 private:
  void run();

  BoundedQueue<Job> queue_;
  std::vector<std::thread> threads_;
};

// Names the calling thread (at most 15 bytes are kept by the kernel).
void set_thread_name(const std::string& name);

}  // namespace pharos
