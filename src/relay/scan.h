// The stored phase of one REQ: a storage query, who reads it, and the frames of one slice of it.
//
// Made on the connection's shard, run in slices on the worker pool, one at a time. Nothing in it is shared but the
// cancel mark.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "relay/auth.h"
#include "relay/live_index.h"
#include "relay/options.h"
#include "storage/query.h"
#include "util/clock.h"

namespace pharos::relay {

// The events of one slice as they go to the connection, one text message each.
struct ScanSlice {
  storage::SliceEnd end = storage::SliceEnd::failed;
  std::string bytes;
  std::vector<std::size_t> ends;  // where each message ends in bytes
  std::size_t scanned = 0;        // records looked at in this slice
};

class Scan {
 public:
  // max_seq: what is committed later is left to the live feed. prefix: how every message of it begins.
  Scan(const std::vector<Filter>& filters, std::shared_ptr<const KeyList> readers,
       std::shared_ptr<const std::string> prefix, storage::Seq max_seq, const Options& options);

  // One slice; a cancelled scan gives an empty one that says finished, which nobody waits for.
  ScanSlice run_slice(const storage::Store& store, const Clock& clock);

  // Between slices: the time that they took so far.
  Duration used() const { return used_; }

  // Between slices: gives back what the query holds while its reader keeps it waiting.
  void park() { query_.park(); }

  // Any thread.
  void cancel() { cancelled_.store(true, std::memory_order_relaxed); }

 private:
  const std::shared_ptr<const std::string> prefix_;
  const std::chrono::microseconds slice_time_;
  const std::size_t slice_records_;
  const std::size_t slice_bytes_;
  const std::size_t max_events_;
  storage::Query query_;
  std::size_t given_ = 0;
  Duration used_{0};
  std::atomic<bool> cancelled_{false};
};

}  // namespace pharos::relay
