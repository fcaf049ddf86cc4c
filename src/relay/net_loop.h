// A Loop on an io shard.
#pragma once

#include <optional>

#include "net/io_shards.h"
#include "relay/loop.h"

namespace pharos::relay {

class NetLoop final : public Loop {
 public:
  explicit NetLoop(net::IoShard& shard) : shard_(shard) {}

  void post(Task task) override { shard_.post(std::move(task)); }
  void arm(std::chrono::milliseconds delay, std::function<void()> task) override {
    if (!timer_) timer_.emplace(shard_);
    timer_->arm(delay, std::move(task));
  }

 private:
  net::IoShard& shard_;
  std::optional<net::Timer> timer_;  // made on the shard's thread
};

}  // namespace pharos::relay
