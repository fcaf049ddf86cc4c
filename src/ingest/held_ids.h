// Which ids the store holds: one look at it for all that are asked for. As short-lived as a snapshot; one thread.
#pragma once

#include <optional>
#include <utility>

#include "storage/snapshot.h"
#include "storage/store.h"

namespace pharos::ingest {

class HeldIds {
 public:
  // Outlives it.
  explicit HeldIds(const storage::Store& store) : store_(store) {}

  // True when the id was stored at the first question or, where no snapshot could be had then, is now.
  bool contains(const EventId& id) {
    if (!snapshot_) {
      auto taken = store_.snapshot();
      if (!taken) return store_.contains(id);
      snapshot_.emplace(std::move(taken).value());
    }
    return snapshot_->find(id).has_value();
  }

 private:
  const storage::Store& store_;
  std::optional<storage::Snapshot> snapshot_;
};

}  // namespace pharos::ingest
