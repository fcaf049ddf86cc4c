// What is settled at an upstream, in the form in which it outlives the process. Plain data.
#pragma once

#include <vector>

#include "storage/store.h"

namespace pharos::router {

struct SeqRun {
  storage::Seq first = 0;
  storage::Seq last = 0;
  friend bool operator==(const SeqRun&, const SeqRun&) = default;
};

struct OutboxMark {
  storage::Seq cursor = 0;      // settled up to here
  std::vector<SeqRun> settled;  // beyond the cursor; ascending, disjoint
  friend bool operator==(const OutboxMark&, const OutboxMark&) = default;
};

}  // namespace pharos::router
