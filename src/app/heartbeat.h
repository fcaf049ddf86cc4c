// Whether the event loops turn: each shard is asked to note the time now and then. Made and destroyed while the shards
// run; any thread may ask.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "net/io_shards.h"
#include "util/clock.h"

namespace pharos::app {

class Heartbeat {
 public:
  Heartbeat(net::IoShards& shards, const Clock& clock);

  // Asks every loop to answer; called about once a second from one thread.
  void beat();
  // "" when every loop answered within the last ten seconds, else which one did not.
  std::string problem() const;

 private:
  struct Loop {
    net::IoShard* shard = nullptr;
    std::shared_ptr<std::atomic<std::int64_t>> turned_at;  // steady milliseconds
  };

  const Clock& clock_;
  std::vector<Loop> loops_;
};

}  // namespace pharos::app
