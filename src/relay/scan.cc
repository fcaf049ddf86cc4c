#include "relay/scan.h"

#include "relay/access.h"

namespace pharos::relay {
namespace {

storage::QueryOptions query_options(const Options& options, std::shared_ptr<const KeyList> readers,
                                    storage::Seq max_seq) {
  storage::QueryOptions out;
  out.default_limit = options.limits.default_limit;
  out.max_limit = options.limits.max_limit;
  out.max_scanned = options.limits.max_scanned_records;
  out.max_seq = max_seq;
  if (options.gate_private_messages) {
    out.visible = [readers = std::move(readers)](const storage::RecordView& record) {
      if (!is_gated(record.kind())) return true;
      if (readers->empty()) return false;
      Event event;
      record.decode(event);
      return may_read(event, *readers);
    };
  }
  return out;
}

}  // namespace

Scan::Scan(const std::vector<Filter>& filters, std::shared_ptr<const KeyList> readers,
           std::shared_ptr<const std::string> prefix, storage::Seq max_seq, const Options& options)
    : prefix_(std::move(prefix)),
      slice_time_(options.slice_time),
      slice_records_(options.slice_records),
      slice_bytes_(options.slice_bytes),
      max_events_(options.limits.max_events_per_req),
      query_(filters, query_options(options, std::move(readers), max_seq)) {}

ScanSlice Scan::run_slice(const storage::Store& store, const Clock& clock) {
  ScanSlice slice;
  slice.end = storage::SliceEnd::finished;
  if (cancelled_.load(std::memory_order_relaxed) || given_ >= max_events_) return slice;
  const SteadyTime begin = clock.now();
  TimeBudget budget(clock, slice_time_, slice_records_);
  const std::size_t scanned_before = query_.scanned();
  slice.end = query_.run_slice(store, clock.unix_now(), budget, [&](const storage::RecordView& record) {
    slice.bytes.append(*prefix_);
    record.append_json(slice.bytes);
    slice.bytes.push_back(']');
    slice.ends.push_back(slice.bytes.size());
    ++given_;
    return given_ < max_events_ && slice.bytes.size() < slice_bytes_ && !cancelled_.load(std::memory_order_relaxed);
  });
  if (slice.end == storage::SliceEnd::failed) {
    // What was read of something damaged may be cut short.
    slice.bytes.clear();
    slice.ends.clear();
  }
  slice.scanned = query_.scanned() - scanned_before;
  used_ += clock.now() - begin;
  // Newest first over all filters, so what is cut off here is the oldest: a limit like any other.
  if (given_ >= max_events_ && slice.end == storage::SliceEnd::more) slice.end = storage::SliceEnd::finished;
  return slice;
}

}  // namespace pharos::relay
