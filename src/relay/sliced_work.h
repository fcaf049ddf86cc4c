// What the worker pool does for a connection, in slices: one runs at a time, and what it has for the connection goes
// there between two.
//
// Made on the connection's shard, run on the worker pool. Nothing in it is shared but the cancel mark.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <vector>

#include "storage/query.h"
#include "util/clock.h"

namespace pharos::relay {

// What one slice has for the connection, one text message each.
struct ScanSlice {
  storage::SliceEnd end = storage::SliceEnd::failed;
  std::string bytes;
  std::vector<std::size_t> ends;        // where each message ends in bytes
  std::size_t scanned = 0;              // records looked at in this slice
  std::size_t candidates = 0;           // of them, for searches
  std::size_t events = 0;               // that are among the messages
  bool gave_all = false;                // the last: every stored match was given
  bool no_room = false;                 // it failed for memory that others have
  std::vector<storage::Seq> also_live;  // of the events, those that come live too
};

class SlicedWork {
 public:
  SlicedWork() = default;
  virtual ~SlicedWork() = default;
  SlicedWork(const SlicedWork&) = delete;
  SlicedWork& operator=(const SlicedWork&) = delete;

  // One slice; of cancelled work an empty one that says finished, which nobody waits for.
  ScanSlice run_slice(const storage::Store& store, const Clock& clock) {
    ScanSlice slice;
    slice.end = storage::SliceEnd::finished;
    if (is_cancelled()) return slice;
    const SteadyTime begin = clock.now();
    slice = work(store, clock);
    used_ += clock.now() - begin;
    return slice;
  }

  // Between slices: the time that they took so far.
  Duration used() const { return used_; }

  // Between slices: gives back what it can while its reader keeps it waiting.
  virtual void park() {}

  // Any thread.
  void cancel() { cancelled_.store(true, std::memory_order_relaxed); }
  bool is_cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

 private:
  virtual ScanSlice work(const storage::Store& store, const Clock& clock) = 0;

  Duration used_{0};
  std::atomic<bool> cancelled_{false};
};

}  // namespace pharos::relay
