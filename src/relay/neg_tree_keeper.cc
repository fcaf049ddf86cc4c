#include "relay/neg_tree_keeper.h"

#include <algorithm>

#include "nostr/kind.h"
#include "relay/access.h"
#include "util/log.h"
#include "util/release_memory.h"

namespace pharos::relay {
namespace {

// Of a set's node with its item.
constexpr std::size_t kExpiringBytes = 96;
constexpr std::size_t kMostUnsplit = 64;

template <class T>
bool allows(const std::optional<std::vector<T>>& list, const T& value) {
  return !list || std::ranges::binary_search(*list, value);
}

}  // namespace

struct NegTreeKeeper::Copy {
  Copy(std::shared_ptr<NegMemory> memory, NegTreeView::Moment moment)
      : shared_memory(std::move(memory)), of(std::move(moment)) {}

  const std::shared_ptr<NegMemory> shared_memory;
  const NegTreeView::Moment of;
  NegMemory::Share share{*shared_memory};  // once it is not the newest any more
};

// The slices of the first scan.
class NegTreeKeeper::Build final : public SlicedWork {
 public:
  Build(NegTreeKeeper& keeper, storage::Seq max_seq, UnixSeconds now)
      : keeper_(keeper), now_(now), query_(source_query(*keeper.source_, std::nullopt, std::nullopt, max_seq)) {}

 private:
  ScanSlice work(const storage::Store& store, const Clock& clock) override {
    TimeBudget budget(clock, keeper_.slice_time_, keeper_.slice_records_);
    ScanSlice slice;
    const std::size_t scanned_before = query_.scanned();
    slice.end = query_.run_slice(store, now_, budget,
                                 [this](const storage::RecordView& record) { return keeper_.take(record); });
    slice.scanned = query_.scanned() - scanned_before;
    return slice;
  }

  NegTreeKeeper& keeper_;  // run_slice() keeps it
  const UnixSeconds now_;
  storage::Query query_;
};

// Reads one bucket.
class NegTreeKeeper::Split final : public SlicedWork {
 public:
  Split(const NegTreeKeeper& keeper, const NegTree::Held& held, storage::Seq newest, UnixSeconds now)
      : slice_time_(keeper.slice_time_),
        slice_records_(keeper.slice_records_),
        reader_(keeper.source_, held, newest, now) {}

  // After the slice that finished.
  const std::vector<NegItem>& items() { return reader_.items(); }

 private:
  ScanSlice work(const storage::Store& store, const Clock& clock) override {
    TimeBudget budget(clock, slice_time_, slice_records_);
    ScanSlice slice;
    const std::size_t scanned_before = reader_.scanned();
    slice.end = reader_.run_slice(store, budget);
    slice.scanned = reader_.scanned() - scanned_before;
    return slice;
  }

  const std::chrono::microseconds slice_time_;
  const std::size_t slice_records_;
  NegBucketReader reader_;
};

NegTreeKeeper::NegTreeKeeper(storage::Store& store, const Clock& clock, std::shared_ptr<SliceRunner> runner,
                             std::shared_ptr<NegMemory> memory, const Filter& filter, const Options& options,
                             const metrics::RelayMetrics& metrics)
    : store_(store),
      clock_(clock),
      runner_(std::move(runner)),
      shared_memory_(std::move(memory)),
      gates_(gates_of(options)),
      max_bytes_(options.max_negentropy_tree_bytes),
      slice_time_(options.slice_time),
      slice_records_(options.slice_records),
      records_gauge_(metrics.neg_tree_records),
      bytes_gauge_(metrics.neg_tree_memory),
      given_up_(metrics.neg_trees_given_up) {
  auto source = std::make_shared<NegSource>();
  source->filter.kinds = filter.kinds;
  source->filter.authors = filter.authors;
  if (gates_)
    source->visible = [gates = gates_](const storage::RecordView& record) { return !gates.covers(record.kind()); };
  source_ = std::move(source);
}

NegTreeKeeper::~NegTreeKeeper() {
  Lock lock(mutex_);
  clear();
}

void NegTreeKeeper::start() {
  subscription_ = store_.feed().subscribe([weak = weak_from_this()](const storage::CommitBatchPtr& batch) {
    if (const auto self = weak.lock()) self->on_batch(*batch);
  });
  const UnixSeconds now = clock_.unix_now();
  const storage::Seq newest = store_.last_seq();
  {
    Lock lock(mutex_);
    built_to_ = newest;
    newest_ = newest;
    expired_to_ = now;
    met_.resize(newest + 1);
    tell_size();
    if (phase_ != Phase::building) return;
  }
  run_slice(std::make_shared<Build>(*this, newest, now));
}

void NegTreeKeeper::stop() {
  Lock lock(mutex_);
  if (phase_ == Phase::building) clear();
}

bool NegTreeKeeper::is_building() const {
  Lock lock(mutex_);
  return phase_ == Phase::building;
}

void NegTreeKeeper::run_slice(const std::shared_ptr<Build>& build) {
  const bool taken = runner_->run(build, [self = shared_from_this(), build](ScanSlice&& slice) {
    if (!self->is_building()) return;
    if (slice.end == storage::SliceEnd::more) return self->run_slice(build);
    if (slice.end == storage::SliceEnd::finished) return self->on_scanned();
    Lock lock(self->mutex_);
    self->give_up(GivenUp::storage, "the stored events could not be read");
  });
  if (taken) return;
  Lock lock(mutex_);
  give_up(GivenUp::busy, "the worker pool takes nothing more");
}

bool NegTreeKeeper::take(const storage::RecordView& record) {
  Lock lock(mutex_);
  if (phase_ != Phase::building) return false;
  met_[record.seq()] = true;
  const NegItem item{record.created_at(), record.id()};
  tree_.build(item);
  if (const auto expires_at = record.expires_at()) expiring_.emplace(*expires_at, item);
  if (memory() != told_bytes_) tell_size();
  return phase_ == Phase::building;
}

void NegTreeKeeper::on_scanned() {
  storage::EraseRequest barrier;
  barrier.done = [self = shared_from_this()](std::optional<std::size_t>) { self->on_barrier(); };
  if (store_.submit_erase(std::move(barrier))) return;
  Lock lock(mutex_);
  give_up(GivenUp::busy, "the store takes nothing more");
}

void NegTreeKeeper::on_barrier() {
  Lock lock(mutex_);
  if (phase_ != Phase::building) return;
  tree_.end_build();
  for (const Change& change : noted_) {
    // What was committed before built_to_ was known is noted, and met by the scan as well.
    if (change.seq <= built_to_ && (!change.erased || !met_[change.seq])) continue;
    count(change);
  }
  release_memory(noted_);
  release_memory(met_);
  phase_ = Phase::whole;
  tell_size();
  if (phase_ != Phase::whole) return;
  log::info("relay", "a negentropy tree is whole", {{"records", tree_.size()}, {"bytes", told_bytes_}});
}

bool NegTreeKeeper::holds(Kind kind, const PublicKey& author) const {
  if (gates_.covers(kind)) return false;
  return allows(source_->filter.kinds, kind) && allows(source_->filter.authors, author);
}

void NegTreeKeeper::on_batch(const storage::CommitBatch& batch) {
  count_batch(batch);
  begin_split();
}

void NegTreeKeeper::count_batch(const storage::CommitBatch& batch) {
  Lock lock(mutex_);
  if (phase_ == Phase::given_up) return;
  for (const storage::CommittedEvent& committed : batch.events) {
    const Event& event = *committed.event;
    // What the slices cover may still come by the feed; ephemeral events have no number.
    if (committed.seq <= built_to_) continue;
    newest_ = std::max(newest_, committed.seq);
    if (holds(event.kind, event.pubkey)) {
      note({{event.created_at, event.id}, committed.seq, expiration(event), false});
    }
  }
  for (const storage::ErasedEvent& erased : batch.erased) {
    if (holds(erased.kind, erased.pubkey)) {
      note({{erased.created_at, erased.id}, erased.seq, erased.expires_at, true});
    }
  }
  tell_size();
}

void NegTreeKeeper::note(Change&& change) {
  if (phase_ == Phase::whole) return count(change);
  if (phase_ != Phase::building) return;
  noted_.push_back(std::move(change));
  if (memory() != told_bytes_) tell_size();
}

void NegTreeKeeper::count(const Change& change) {
  if (change.expires_at && *change.expires_at <= expired_to_) return;
  change_tree(change.item, change.erased);
  if (!change.erased) {
    if (change.expires_at) expiring_.emplace(*change.expires_at, change.item);
    return;
  }
  if (change.expires_at) expiring_.erase({*change.expires_at, change.item});
}

void NegTreeKeeper::change_tree(const NegItem& item, bool erased) {
  // A bucket may begin with what is added, and end with what is removed.
  const auto is_in_split = [&] { return splitting_ && tree_.held(item).bucket.first == splitting_->held.bucket.first; };
  if (erased) {
    if (is_in_split()) splitting_->changes.emplace_back(item, true);
    return tree_.remove(item);
  }
  tree_.add(item);
  if (is_in_split()) splitting_->changes.emplace_back(item, false);
  if (splitting_ || phase_ != Phase::whole) return;
  const NegTree::Held held = tree_.held(item);
  if (is_to_split(held.bucket)) splitting_ = Splitting{held, false, {}};
}

bool NegTreeKeeper::is_to_split(const NegBucket& bucket) const {
  if (bucket.count <= NegTree::kMost) return false;
  const auto tried = unsplit_.find(bucket.first);
  return tried == unsplit_.end() || bucket.count >= 2 * tried->second;
}

void NegTreeKeeper::begin_split() {
  std::shared_ptr<Split> split;
  {
    Lock lock(mutex_);
    if (!splitting_ || std::exchange(splitting_->begun, true)) return;
    // Whatever else this batch brought is in it by now.
    splitting_->held = tree_.held(splitting_->held.bucket.first);
    splitting_->changes.clear();
    split = std::make_shared<Split>(*this, splitting_->held, newest_, expired_to_);
  }
  run_split(split);
}

void NegTreeKeeper::run_split(const std::shared_ptr<Split>& split) {
  const bool taken = runner_->run(split, [self = shared_from_this(), split](ScanSlice&& slice) {
    if (slice.end == storage::SliceEnd::more && self->is_splitting()) return self->run_split(split);
    self->end_split(slice.end == storage::SliceEnd::finished ? &split->items() : nullptr);
  });
  if (!taken) end_split(nullptr);
}

bool NegTreeKeeper::is_splitting() const {
  Lock lock(mutex_);
  return splitting_.has_value();
}

void NegTreeKeeper::end_split(const std::vector<NegItem>* items) {
  Lock lock(mutex_);
  const auto splitting = std::exchange(splitting_, std::nullopt);
  if (phase_ != Phase::whole || !splitting) return;
  const NegBucket& bucket = splitting->held.bucket;
  unsplit_.erase(bucket.first);
  if (items == nullptr) {
    if (unsplit_.size() >= kMostUnsplit) unsplit_.clear();
    unsplit_.emplace(bucket.first, bucket.count);
  }
  if (items == nullptr || !tree_.replace(splitting->held.bucket.first, *items)) return;
  for (const auto& [item, erased] : splitting->changes) erased ? tree_.remove(item) : tree_.add(item);
  tell_size();
}

void NegTreeKeeper::drop_expired(UnixSeconds now) {
  expired_to_ = std::max(expired_to_, now);
  while (!expiring_.empty() && expiring_.begin()->first <= expired_to_) {
    change_tree(expiring_.begin()->second, true);
    expiring_.erase(expiring_.begin());
  }
}

void NegTreeKeeper::give_up(GivenUp reason, const char* why) {
  if (phase_ == Phase::given_up) return;
  clear();
  metrics::cell(given_up_, reason).add();
  log::warn("relay", "a negentropy tree is given up, its sets are collected instead", {{"why", why}});
}

void NegTreeKeeper::clear() {
  phase_ = Phase::given_up;
  tree_ = {};
  release_memory(noted_);
  release_memory(met_);
  expiring_.clear();
  splitting_.reset();
  copy_.reset();
  tell_size();
}

std::size_t NegTreeKeeper::memory() const {
  std::size_t bytes = tree_.bytes() + expiring_.size() * kExpiringBytes;
  bytes += met_.capacity() / 8 + noted_.capacity() * sizeof(Change);
  if (splitting_) bytes += splitting_->changes.capacity() * sizeof(splitting_->changes[0]);
  return bytes;
}

void NegTreeKeeper::tell_size() {
  const bool is_whole = phase_ == Phase::whole;
  const std::size_t records = is_whole ? tree_.size() : 0;
  const std::size_t bytes = phase_ == Phase::given_up ? 0 : memory();
  records_gauge_.add(static_cast<std::int64_t>(records) - static_cast<std::int64_t>(told_records_));
  bytes_gauge_.add(static_cast<std::int64_t>(bytes) - static_cast<std::int64_t>(told_bytes_));
  told_records_ = records;
  told_bytes_ = bytes;
  if (bytes > max_bytes_) give_up(GivenUp::memory, "it has grown beyond its cap");
}

bool NegTreeKeeper::serves(const std::vector<Filter>& filters, const KeyList& readers) const {
  if (filters.size() != 1) return false;
  const Filter& filter = filters.front();
  if (filter.ids || !filter.tags.empty() || filter.limit || filter.search) return false;
  if (filter.kinds != source_->filter.kinds || filter.authors != source_->filter.authors) return false;
  if (!gates_ || readers.empty()) return true;
  // Who is authenticated may read some of what the tree leaves out.
  return filter.kinds && std::ranges::none_of(*filter.kinds, [this](Kind kind) { return gates_.covers(kind); });
}

std::unique_ptr<NegTreeView> NegTreeKeeper::view(const Filter& window, NegReadBuckets* read) {
  NegTreeView::Moment moment;
  {
    Lock lock(mutex_);
    if (phase_ != Phase::whole) return nullptr;
    drop_expired(clock_.unix_now());
    tell_size();
    // It may have been given up just now, and is no empty set.
    if (phase_ != Phase::whole) return nullptr;
    moment = share_moment();
  }
  return std::make_unique<NegTreeView>(store_, clock_, source_, std::move(moment), window.since, window.until, read);
}

NegTreeView::Moment NegTreeKeeper::share_moment() {
  if (copy_ && tree_.has_changed()) {
    // Views end on any thread, so one that is held now may not be in a moment, never the other way round.
    const bool is_held = copy_.use_count() > 1;
    if (!is_held || copy_->share.grow(copy_->of.buckets->bytes(), 0)) copy_.reset();
  }
  if (!copy_) {
    copy_ = std::make_shared<Copy>(shared_memory_, NegTreeView::Moment{tree_.buckets(), newest_, expired_to_});
  }
  return {{copy_, copy_->of.buckets.get()}, copy_->of.newest, copy_->of.now};
}

bool NegTreeKeeper::is_whole() const {
  Lock lock(mutex_);
  return phase_ == Phase::whole;
}

bool NegTreeKeeper::is_given_up() const {
  Lock lock(mutex_);
  return phase_ == Phase::given_up;
}

}  // namespace pharos::relay
