#include "net/io_shards.h"

#include <exception>
#include <string>
#include <thread>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "net/shard_impl.h"
#include "util/check.h"
#include "util/log.h"
#include "util/worker_pool.h"

namespace pharos::net {
namespace {

template <class F>
void supervised(const IoShard& shard, F&& f) {
  try {
    f();
  } catch (const std::exception& e) {
    shard.metrics().handler_exceptions.add();
    log::error("net", "exception escaped a handler", {{"shard", shard.index()}, {"what", e.what()}});
  }
}

}  // namespace

void IoShard::Impl::post(Task task) {
  Lock lock(mutex_);
  if (stopped_) return;
  tasks_.push_back(std::move(task));
  if (wake_pending_) return;
  wake_pending_ = true;
  boost::asio::post(context, [this] { run_tasks(); });
}

void IoShard::Impl::run_tasks() {
  {
    Lock lock(mutex_);
    running_.swap(tasks_);
    wake_pending_ = false;
  }
  for (Task& task : running_) {
    supervised(shard, task);
    task = nullptr;
  }
  running_.clear();
}

void IoShard::Impl::run() {
  thread_id = std::this_thread::get_id();
  for (bool running = true; running;) {
    supervised(shard, [&] {
      context.run();
      running = false;
    });
  }
}

void IoShard::Impl::drop_tasks() {
  std::vector<Task> dropped;
  {
    Lock lock(mutex_);
    stopped_ = true;
    dropped.swap(tasks_);
  }
}

void IoShard::Impl::abandon_connections() {
  // Letting go of one may destroy it and others.
  while (!open_connections.empty()) {
    Abandonable* connection = *open_connections.begin();
    open_connections.erase(connection);
    connection->abandon();
  }
}

IoShard::IoShard(std::size_t index, const metrics::NetMetrics& metrics)
    : index_(index), metrics_(metrics), impl_(std::make_unique<Impl>(*this)) {}
IoShard::~IoShard() { impl_->drop_tasks(); }

void IoShard::post(Task task) { impl_->post(std::move(task)); }
bool IoShard::is_current() const { return impl_->thread_id.load() == std::this_thread::get_id(); }

// The pending wait owns on_expiry and shares this; the generation tells a wait that was replaced.
struct Timer::Impl {
  explicit Impl(boost::asio::io_context& context) : timer(context) {}
  boost::asio::steady_timer timer;
  std::uint64_t generation = 0;
};

Timer::Timer(IoShard& shard) : impl_(std::make_shared<Impl>(shard.impl().context)) {}
Timer::~Timer() {
  if (impl_) cancel();
}
Timer::Timer(Timer&&) noexcept = default;
Timer& Timer::operator=(Timer&& other) noexcept {
  if (this != &other) {
    if (impl_) cancel();
    impl_ = std::move(other.impl_);
  }
  return *this;
}

void Timer::arm(std::chrono::milliseconds delay, std::function<void()> on_expiry) {
  const std::uint64_t generation = ++impl_->generation;
  impl_->timer.expires_after(delay);
  impl_->timer.async_wait([impl = impl_, generation, task = std::move(on_expiry)](const boost::system::error_code& ec) {
    if (!ec && impl->generation == generation) task();
  });
}

void Timer::cancel() {
  ++impl_->generation;
  impl_->timer.cancel();
}

struct IoShards::Threads {
  std::vector<std::thread> running;
  bool stopped = false;
};

IoShards::IoShards(std::size_t serving, const metrics::NetMetrics& metrics) : threads_(std::make_unique<Threads>()) {
  PHAROS_FATAL_CHECK(serving > 0);
  for (std::size_t i = 0; i < serving + 1; ++i) shards_.push_back(std::make_unique<IoShard>(i, metrics));
}

IoShards::~IoShards() { stop(); }

std::size_t IoShards::serving_count() const { return shards_.size() - 1; }
IoShard& IoShards::serving(std::size_t i) {
  PHAROS_DEBUG_CHECK(i < serving_count());
  return *shards_[i];
}
IoShard& IoShards::background() { return *shards_.back(); }

void IoShards::start() {
  for (const auto& shard : shards_) {
    const std::string name =
        shard.get() == shards_.back().get() ? "io-background" : "io-" + std::to_string(shard->index());
    threads_->running.emplace_back([&shard = *shard, name] {
      set_thread_name(name);
      shard.impl().run();
    });
  }
}

void IoShards::stop() {
  if (threads_->stopped) return;
  threads_->stopped = true;
  for (const auto& shard : shards_) shard->impl().context.stop();
  for (std::thread& thread : threads_->running) thread.join();
  for (const auto& shard : shards_) shard->impl().drop_tasks();
  for (const auto& shard : shards_) shard->impl().abandon_connections();
  for (const auto& shard : shards_) shard->impl().context.shutdown();
}

}  // namespace pharos::net
