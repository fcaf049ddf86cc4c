// Who may dial next: at most so many dials a second over all upstreams, those of higher priority first. Dialing many
// relays at once looks like a port scan to whoever watches the network. Pure; one thread.
//
// Bounded by the number of upstreams: each waits at most once.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "util/clock.h"
#include "util/token_bucket.h"

namespace pharos::router {

class DialGate {
 public:
  DialGate(double per_second, double burst) : bucket_(Rate::per_second(per_second, burst)) {}

  // Replaces an earlier wish of the same id.
  void wait(std::uint64_t id, int priority, std::function<void()> go) {
    forget(id);
    waiting_.emplace(std::pair(-priority, next_place_++), Wish{id, std::move(go)});
  }
  void forget(std::uint64_t id) {
    std::erase_if(waiting_, [id](const auto& entry) { return entry.second.id == id; });
  }
  // The next that may go now.
  std::optional<std::function<void()>> next(SteadyTime now) {
    if (waiting_.empty() || !bucket_.take(1, now)) return std::nullopt;
    std::function<void()> go = std::move(waiting_.begin()->second.go);
    waiting_.erase(waiting_.begin());
    return go;
  }
  // How long until next() may give one; nullopt when nobody waits.
  std::optional<std::chrono::milliseconds> delay(SteadyTime now) {
    if (waiting_.empty()) return std::nullopt;
    return bucket_.wait_for(1, now);
  }

 private:
  struct Wish {
    std::uint64_t id;
    std::function<void()> go;
  };
  TokenBucket bucket_;
  std::map<std::pair<int, std::uint64_t>, Wish> waiting_;
  std::uint64_t next_place_ = 0;
};

}  // namespace pharos::router
