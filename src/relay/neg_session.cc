#include "relay/neg_session.h"

#include <algorithm>

#include "relay/replies.h"
#include "relay/scan.h"
#include "relay/search.h"
#include "util/release_memory.h"

namespace pharos::relay {
namespace {

constexpr std::size_t kMostStaleViews = 3;

storage::QueryOptions set_query(const std::vector<Filter>& filters, const Options& options,
                                std::shared_ptr<const KeyList> readers) {
  storage::QueryOptions out = unlimited_query(filters, options, std::move(readers));
  if (has_search(filters)) return out;
  // One more than the cap, so that a set of as many is whole.
  out.max_scanned = std::max(out.max_scanned, options.limits.max_negentropy_records + 1);
  return out;
}

}  // namespace

NegSession::NegSession(const std::vector<Filter>& filters, std::shared_ptr<const KeyList> readers, std::string name,
                       std::shared_ptr<NegMemory> memory, std::shared_ptr<NegTreeKeeper> tree, const Options& options)
    : name_(std::move(name)),
      slice_time_(options.slice_time),
      slice_records_(options.slice_records),
      max_records_(options.limits.max_negentropy_records),
      frame_bytes_(std::max(options.negentropy_frame_bytes, kLeastNegFrame)),
      memory_(std::move(memory)),
      share_(*memory_),
      query_(std::make_unique<storage::Query>(filters, set_query(filters, options, std::move(readers)))),
      tree_(std::move(tree)),
      window_(tree_ ? filters.front() : Filter()) {}

void NegSession::set_message(std::string message) {
  message_ = std::move(message);
  turn_.reset();
}

void NegSession::park() {
  if (query_) query_->park();
  if (!turn_) read_.reset();
}

ScanSlice NegSession::work(const storage::Store& store, const Clock& clock) {
  const SteadyTime deadline = clock.now() + slice_time_;
  ScanSlice slice;
  slice.end = storage::SliceEnd::finished;
  if (!turn_ && tree_) {
    if (!read_) read_.emplace(*memory_);
    view_ = tree_->view(window_, &*read_);
    if (!view_) drop_tree();
  }
  if (query_ && !tree_ && !is_foreign(message_)) collect(store, clock, slice);
  if (slice.end == storage::SliceEnd::finished && !is_cancelled()) answer(clock, deadline, slice);
  return slice;
}

void NegSession::collect(const storage::Store& store, const Clock& clock, ScanSlice& slice) {
  TimeBudget budget(clock, slice_time_, slice_records_);
  const std::size_t scanned_before = query_->scanned();
  bool is_too_big = false;
  slice.end = query_->run_slice(store, clock.unix_now(), budget, [&](const storage::RecordView& record) {
    is_too_big = set_.size() == max_records_;
    if (is_too_big) return false;
    set_.add({record.created_at(), record.id()});
    slice.no_room = !share_.grow(set_.bytes(), set_.size());
    return !slice.no_room && !is_cancelled();
  });
  slice.scanned = query_->scanned() - scanned_before;
  if (is_too_big) slice.end = storage::SliceEnd::cut_short;
  if (slice.no_room) slice.end = storage::SliceEnd::failed;
  if (slice.end != storage::SliceEnd::finished) return;
  set_.seal();
  query_.reset();
}

void NegSession::answer(const Clock& clock, SteadyTime deadline, ScanSlice& slice) {
  if (!turn_) turn_.emplace(view_ ? static_cast<const NegSet&>(*view_) : set_, message_, frame_bytes_);
  while (true) {
    if (!charge_view(slice) || put_stale_away(slice)) return;
    const auto step = turn_->step();
    if (!step && step.error() != NegFault::foreign_version) {
      slice.end = storage::SliceEnd::failed;
      return;
    }
    if (!step || !step.value()) break;
    if (clock.now() >= deadline) {
      slice.end = storage::SliceEnd::more;
      return;
    }
  }
  if (!charge_view(slice) || put_stale_away(slice)) return;
  slice.bytes = negentropy_reply(name_, turn_->take_message());
  slice.ends = {slice.bytes.size()};
  drop_view();
  stale_views_ = 0;
  release_memory(message_);
}

bool NegSession::charge_view(ScanSlice& slice) {
  if (!view_) return true;
  slice.scanned += view_->scanned() - view_scanned_;
  view_scanned_ = view_->scanned();
  slice.no_room = !share_.grow(set_.bytes() + view_->bytes(), set_.size());
  if (!slice.no_room) return true;
  drop_view();
  slice.end = storage::SliceEnd::failed;
  return false;
}

void NegSession::drop_view() {
  turn_.reset();
  view_.reset();
  view_scanned_ = 0;
  share_.grow(set_.bytes(), set_.size());
}

void NegSession::drop_tree() {
  tree_.reset();
  read_.reset();
}

bool NegSession::put_stale_away(ScanSlice& slice) {
  if (!view_ || !view_->is_stale()) return false;
  drop_view();
  if (++stale_views_ == kMostStaleViews) drop_tree();
  slice.end = storage::SliceEnd::more;
  return true;
}

}  // namespace pharos::relay
