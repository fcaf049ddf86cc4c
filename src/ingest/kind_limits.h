// Limits of single kinds in place of those that hold for all. Never changed once made; any thread.
#pragma once

#include <cstddef>
#include <vector>

#include "ingest/access_lists.h"

namespace pharos::ingest {

// 0: as for all kinds. The units are those of AdmissionOptions.
struct KindLimit {
  std::size_t max_event_bytes = 0;
  std::size_t max_content_length = 0;
  std::size_t max_tags = 0;
  std::size_t max_tag_item_bytes = 0;
  unsigned min_pow_bits = 0;

  friend bool operator==(const KindLimit&, const KindLimit&) = default;
};

class KindLimits {
 public:
  // Ranges that do not overlap those that were added before.
  void add(const KindRange& kinds, const KindLimit& limit);

  // nullptr: none of its own.
  const KindLimit* find(Kind kind) const;
  bool asks_for_work() const;

 private:
  struct Row {
    KindRange kinds;
    KindLimit limit;
  };
  std::vector<Row> rows_;  // by kind
};

}  // namespace pharos::ingest
