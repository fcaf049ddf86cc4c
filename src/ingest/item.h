// A submission on its way through the pipeline. Shared by whichever stage holds it; one stage at a time touches it.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <vector>

#include "ingest/sink.h"
#include "storage/draft.h"

namespace pharos::ingest {

struct ItemGroup;

struct Item {
  Submission submission;
  std::size_t bytes = 0;           // measured_bytes() of the event
  bool is_leader = false;          // its id is held in InFlightIds under its name
  ItemGroup* group = nullptr;      // the one that holds it, where it came in bulk
  bool is_charged = false;         // to its author's bucket
  bool is_verified = false;        // a copy with the same signature was
  std::uint64_t rules = 0;         // the version of the AccessRules that let it in
  std::optional<Verdict> decided;  // before the writer was asked
  std::optional<storage::Draft> draft;

  const Event& event() const { return *submission.event; }
};
using ItemPtr = std::shared_ptr<Item>;

// The items of one Bulk: one allocation for all, one place in flight until the last is settled.
struct ItemGroup {
  explicit ItemGroup(Bulk&& taken) : bulk(std::move(taken)) {}

  Bulk bulk;
  std::vector<Item> items;
  std::pmr::monotonic_buffer_resource drafts{std::max<std::size_t>(bulk.bytes, 1)};
  std::atomic<std::size_t> unsettled{0};
};

}  // namespace pharos::ingest
