// Tells our own outage from theirs: when most of the hosts that were online before fail to open one after another, the
// network that is down is ours, and nothing may be concluded about them. Hosts count, not targets: one host with many
// paths may well go down alone. One guard per network. Pure; one thread.
//
// An outage is over when enough different hosts have opened since it began; each counts once, so that the failures that
// are retried every minute do not outweigh relays that answer once a period. The first failure of a target after the
// outage is judged, but counts toward no new outage: it was retried, not sampled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <unordered_set>
#include <vector>

#include "monitor/options.h"
#include "util/clock.h"

namespace pharos::monitor {

class OutageGuard {
 public:
  explicit OutageGuard(const OutageOptions& options) : options_(options) {}

  struct Ruling {
    // False: leave the target's state, its retry ladder and what is published as they are.
    bool judge = true;
    bool began = false;
    bool ended = false;
    // With `began`: targets whose failure was judged before the outage was noticed. They were online; take it back.
    std::vector<std::uint64_t> forgive;
  };
  // was_online: the target's last judged outcome was good. Others say nothing about our own network, but while an
  // outage lasts their failures are not judged either.
  Ruling observe(std::uint64_t target, const std::string& host, bool was_online, bool opened, SteadyTime now);
  void forget(std::uint64_t target);

  bool outage() const { return outage_; }

 private:
  struct Entry {
    std::uint64_t target;
    std::string host;
    bool failed;
    bool counts;
  };
  // Among the newest outcomes of min_hosts different hosts.
  struct Recent {
    std::size_t hosts = 0;
    std::size_t failed = 0;
    std::vector<std::uint64_t> failed_targets;
  };
  Recent recent() const;
  void begin(SteadyTime now);
  void end();

  OutageOptions options_;
  std::deque<Entry> newest_;  // one per target, the latest last
  bool outage_ = false;
  SteadyTime began_{};
  std::unordered_set<std::string> opened_hosts_;  // since it began
  std::unordered_set<std::uint64_t> withheld_;    // targets whose failure was not judged
};

}  // namespace pharos::monitor
