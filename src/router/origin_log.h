// Who brought which stored event, for the newest ones: runs of sequence numbers with the same origin. Lets a publisher
// that reads the store by number skip what came from its own upstream. One thread.
//
// Bounded by max_runs; the oldest are forgotten. Not kept across restarts.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <optional>

#include "storage/store.h"

namespace pharos::router {

class OriginLog {
 public:
  explicit OriginLog(std::size_t max_runs) : max_runs_(max_runs) {}

  // Sequence numbers come in ascending order.
  void add(storage::Seq seq, storage::Origin origin) { add(seq, seq, origin); }
  void add(storage::Seq first, storage::Seq last, storage::Origin origin) {
    if (!runs_.empty() && runs_.back().origin == origin && runs_.back().last + 1 == first) {
      runs_.back().last = last;
      return;
    }
    runs_.push_back({first, last, origin});
    if (runs_.size() > max_runs_) runs_.pop_front();
  }
  // nullopt when it is not known any more.
  std::optional<storage::Origin> find(storage::Seq seq) const {
    const auto run =
        std::lower_bound(runs_.begin(), runs_.end(), seq, [](const Run& r, storage::Seq s) { return r.last < s; });
    if (run == runs_.end() || run->first > seq) return std::nullopt;
    return run->origin;
  }
  std::size_t runs() const { return runs_.size(); }

 private:
  struct Run {
    storage::Seq first;
    storage::Seq last;
    storage::Origin origin;
  };
  std::size_t max_runs_;
  std::deque<Run> runs_;
};

}  // namespace pharos::router
