#include "util/worker_pool.h"

#include <pthread.h>

namespace pharos {

WorkerPool::WorkerPool(std::string name, std::size_t threads, std::size_t queue_capacity) : queue_(queue_capacity) {
  threads_.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this, thread_name = name + "-" + std::to_string(i)] {
      set_thread_name(thread_name);
      run();
    });
  }
}

WorkerPool::~WorkerPool() { stop(); }

void WorkerPool::stop() {
  queue_.close();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void WorkerPool::run() {
  std::vector<Job> batch;
  while (true) {
    batch.clear();
    // One job at a time: a thread that hoards jobs makes the others idle.
    if (!queue_.pop_batch(batch, 1, std::chrono::steady_clock::now() + std::chrono::hours(1))) return;
    for (Job& job : batch) job();
  }
}

void set_thread_name(const std::string& name) { ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str()); }

}  // namespace pharos
