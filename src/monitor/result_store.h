// The monitor's memory in the store: targets with their schedule state, the newest results of each, and every NIP-11
// document once. All writes go through the store's writer thread, in order.
//
// Owned by the monitor. Reads take one short read transaction; any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/result.h"
#include "monitor/target.h"
#include "storage/store.h"

namespace pharos::monitor {

class ResultStore {
 public:
  // store outlives this.
  ResultStore(storage::Store& store, std::size_t history_per_target)
      : store_(store), history_per_target_(history_per_target == 0 ? 1 : history_per_target) {}

  // At most `most` targets; `unreadable` counts records that do not decode (of a newer version, or damaged).
  struct Remembered {
    TargetState state;
    std::optional<ProbeResult> last;
  };
  struct Loaded {
    std::vector<Remembered> targets;
    std::size_t unreadable = 0;
  };
  Result<Loaded, storage::StorageFailure> load(std::size_t most) const;

  // Appends the result to the target's history and writes its state in one update; drops at most a few of the oldest
  // results beyond the cap, so that a lowered cap is reached step by step. Advances first_result and next_result of
  // state. done comes on the writer thread. False when the store's queue is full: state is untouched then.
  bool record(TargetState& state, const ProbeResult& result, std::function<void(bool durable)> done);
  // The state alone.
  bool save(const TargetState& state, std::function<void(bool durable)> done);
  // The target and its history go, a slice at a time; done comes after the last one. What a crash leaves of it is
  // found as a target by the next load(). False when the store's queue is full: nothing is gone then.
  bool forget(const TargetState& state, std::function<void(bool durable)> done);

  // Newest first; reads no more than that.
  std::vector<ProbeResult> history(std::string_view url, std::size_t most) const;
  std::optional<std::string> document(const Digest& digest) const;

 private:
  storage::Store& store_;
  std::size_t history_per_target_;
};

}  // namespace pharos::monitor
