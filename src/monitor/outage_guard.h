// Tells our own outage from theirs: when most of the hosts that were online before fail to open one after another, the
// network that is down is ours, and nothing may be concluded about them. Hosts count, not targets: one host with many
// paths may well go down alone. Pure; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "monitor/options.h"

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
  Ruling observe(std::uint64_t target, const std::string& host, bool was_online, bool opened);
  void forget(std::uint64_t target);

  bool outage() const { return outage_; }

 private:
  struct Entry {
    std::uint64_t target;
    std::string host;
    bool failed;
  };
  // Among the newest outcomes of min_hosts different hosts.
  struct Recent {
    std::size_t hosts = 0;
    std::size_t failed = 0;
    std::vector<std::uint64_t> failed_targets;
  };
  Recent recent() const;

  OutageOptions options_;
  std::deque<Entry> newest_;  // one per target, the latest last
  bool outage_ = false;
};

}  // namespace pharos::monitor
