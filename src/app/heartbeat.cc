#include "app/heartbeat.h"

namespace pharos::app {
namespace {

constexpr std::int64_t kStuckAfterMilliseconds = 10'000;

std::int64_t steady_milliseconds(const Clock& clock) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock.now().time_since_epoch()).count();
}

}  // namespace

Heartbeat::Heartbeat(net::IoShards& shards, const Clock& clock) : clock_(clock) {
  for (std::size_t i = 0; i <= shards.serving_count(); ++i) {
    net::IoShard& shard = i < shards.serving_count() ? shards.serving(i) : shards.background();
    loops_.push_back({&shard, std::make_shared<std::atomic<std::int64_t>>(steady_milliseconds(clock))});
  }
}

void Heartbeat::beat() {
  for (const Loop& loop : loops_) {
    loop.shard->post([turned_at = loop.turned_at, &clock = clock_] { *turned_at = steady_milliseconds(clock); });
  }
}

std::string Heartbeat::problem() const {
  const std::int64_t now = steady_milliseconds(clock_);
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    const std::int64_t silent = now - *loops_[i].turned_at;
    if (silent > kStuckAfterMilliseconds) {
      return "event loop " + std::to_string(i) + " has not turned for " + std::to_string(silent / 1000) + " s";
    }
  }
  return {};
}

}  // namespace pharos::app
