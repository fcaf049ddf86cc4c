// The stored phase of a REQ, or all of a COUNT: a storage query, who reads it, and the messages of one slice of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nostr/hyperloglog.h"
#include "relay/auth.h"
#include "relay/live_index.h"
#include "relay/options.h"
#include "relay/sliced_work.h"

namespace pharos::relay {

// For a query without the relay's own caps on answers; a filter's limit holds as in a REQ.
storage::QueryOptions unlimited_query(const std::vector<Filter>& filters, const Options& options,
                                      std::shared_ptr<const KeyList> readers);

class Scan : public SlicedWork {
 public:
  void park() override { query_.park(); }

 protected:
  Scan(const std::vector<Filter>& filters, const storage::QueryOptions& query, const Options& options);

 private:
  ScanSlice work(const storage::Store& store, const Clock& clock) override;
  // False to have the slice end here.
  virtual bool take(const storage::RecordView& record, ScanSlice& slice) = 0;
  // Whether enough was taken, however much the query has.
  virtual bool is_full() const { return false; }
  // The query ended in this slice, not by a failure.
  virtual void conclude(ScanSlice& /*slice*/) {}

  const std::chrono::microseconds slice_time_;
  const std::size_t slice_records_;
  storage::Query query_;
};

// Its messages are the events.
class EventScan final : public Scan {
 public:
  // live_after: what was committed later comes live as well, the slices name it. prefix: how every message of it
  // begins. whole_seconds: a cap of ours on a filter ends it with the rest of the second in which it was reached
  // (NIP-67), up to max_limit more.
  EventScan(const std::vector<Filter>& filters, std::shared_ptr<const KeyList> readers,
            std::shared_ptr<const std::string> prefix, storage::Seq live_after, bool whole_seconds,
            const Options& options);

 private:
  bool take(const storage::RecordView& record, ScanSlice& slice) override;
  bool is_full() const override { return given_ >= max_events_; }

  const std::shared_ptr<const std::string> prefix_;
  const storage::Seq live_after_;
  const std::size_t slice_bytes_;
  const std::size_t max_events_;
  std::size_t given_ = 0;
};

// Its one message is the answer to the COUNT (NIP-45), in the last slice. What a query budget cuts short is
// approximate: there are at least so many. A filter's limit holds as in a REQ; a relay's own caps on answers do not.
class CountScan final : public Scan {
 public:
  CountScan(const std::vector<Filter>& filters, std::shared_ptr<const KeyList> readers, std::string name,
            const Options& options);

 private:
  bool take(const storage::RecordView& record, ScanSlice& slice) override;
  void conclude(ScanSlice& slice) override;

  const std::string name_;
  std::uint64_t count_ = 0;
  std::optional<HyperLogLog> authors_;
};

}  // namespace pharos::relay
