#include "relay/scan.h"

#include "relay/access.h"
#include "relay/replies.h"
#include "relay/search.h"

namespace pharos::relay {
namespace {

// More than any database holds.
constexpr std::size_t kNoLimit = std::size_t{1} << 48U;

storage::QueryOptions query_options(const Options& options, std::shared_ptr<const KeyList> readers) {
  storage::QueryOptions out;
  out.max_scanned = options.limits.max_scanned_records;
  if (const Gates gates = gates_of(options)) {
    out.visible = [gates, readers = std::move(readers)](const storage::RecordView& record) {
      if (!gates.covers(record.kind())) return true;
      if (readers->empty()) return false;
      Event event;
      record.decode(event);
      return may_read(event, *readers);
    };
  }
  return out;
}

storage::QueryOptions event_query(const Options& options, std::shared_ptr<const KeyList> readers, bool whole_seconds) {
  storage::QueryOptions out = query_options(options, std::move(readers));
  if (whole_seconds) out.rest_of_second = options.limits.max_limit;
  out.default_limit = options.limits.default_limit;
  out.max_limit = options.limits.max_limit;
  out.max_candidates = options.limits.max_search_candidates;
  return out;
}

}  // namespace

storage::QueryOptions unlimited_query(const std::vector<Filter>& filters, const Options& options,
                                      std::shared_ptr<const KeyList> readers) {
  storage::QueryOptions out = query_options(options, std::move(readers));
  out.default_limit = kNoLimit;
  out.max_limit = kNoLimit;
  out.ranked = false;
  // Each record that a search meets is taken apart into words, ranked or not.
  if (has_search(filters)) {
    out.max_scanned = std::min(out.max_scanned, options.limits.max_search_candidates);
  }
  return out;
}

Scan::Scan(const std::vector<Filter>& filters, const storage::QueryOptions& query, const Options& options)
    : slice_time_(options.slice_time), slice_records_(options.slice_records), query_(filters, query) {}

ScanSlice Scan::work(const storage::Store& store, const Clock& clock) {
  ScanSlice slice;
  slice.end = storage::SliceEnd::finished;
  if (is_full()) return slice;
  TimeBudget budget(clock, slice_time_, slice_records_);
  const std::size_t scanned_before = query_.scanned();
  const std::size_t candidates_before = query_.candidates().value_or(0);
  slice.end = query_.run_slice(store, clock.unix_now(), budget, [&](const storage::RecordView& record) {
    return take(record, slice) && !is_cancelled();
  });
  slice.scanned = query_.scanned() - scanned_before;
  slice.candidates = query_.candidates().value_or(0) - candidates_before;
  if (slice.end == storage::SliceEnd::failed) {
    // What was read of something damaged may be cut short.
    slice.bytes.clear();
    slice.ends.clear();
    slice.also_live.clear();
    slice.events = 0;
    return slice;
  }
  // In the order of the answer, so what is cut off here is the oldest, or the worst of a search: a limit like any
  // other.
  if (is_full() && slice.end == storage::SliceEnd::more) slice.end = storage::SliceEnd::finished;
  slice.gave_all = query_.gave_all() && !is_full();
  if (slice.end != storage::SliceEnd::more) conclude(slice);
  return slice;
}

EventScan::EventScan(const std::vector<Filter>& filters, std::shared_ptr<const KeyList> readers,
                     std::shared_ptr<const std::string> prefix, storage::Seq live_after, bool whole_seconds,
                     const Options& options)
    : Scan(filters, event_query(options, std::move(readers), whole_seconds), options),
      prefix_(std::move(prefix)),
      live_after_(live_after),
      slice_bytes_(options.slice_bytes),
      max_events_(options.limits.max_events_per_req) {}

bool EventScan::take(const storage::RecordView& record, ScanSlice& slice) {
  slice.bytes.append(*prefix_);
  record.append_json(slice.bytes);
  slice.bytes.push_back(']');
  slice.ends.push_back(slice.bytes.size());
  if (record.seq() > live_after_) slice.also_live.push_back(record.seq());
  ++slice.events;
  return ++given_ < max_events_ && slice.bytes.size() < slice_bytes_;
}

CountScan::CountScan(const std::vector<Filter>& filters, std::shared_ptr<const KeyList> readers, std::string name,
                     const Options& options)
    : Scan(filters, unlimited_query(filters, options, std::move(readers)), options), name_(std::move(name)) {
  if (const auto offset = hyperloglog_offset(filters)) authors_.emplace(*offset);
}

bool CountScan::take(const storage::RecordView& record, ScanSlice& /*slice*/) {
  ++count_;
  if (authors_) authors_->add(record.pubkey());
  return true;
}

void CountScan::conclude(ScanSlice& slice) {
  // Registers of some of the events would pass for those of all.
  const bool is_whole = slice.end == storage::SliceEnd::finished;
  slice.bytes = count_reply(name_, count_, !is_whole, is_whole && authors_ ? &*authors_ : nullptr);
  slice.ends = {slice.bytes.size()};
}

}  // namespace pharos::relay
