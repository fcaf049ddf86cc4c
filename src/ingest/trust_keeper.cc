#include "ingest/trust_keeper.h"

#include <algorithm>
#include <optional>

#include "nostr/kind.h"
#include "storage/query.h"
#include "util/log.h"

namespace pharos::ingest {
namespace {

constexpr std::size_t kAuthorsAtOnce = 200;
constexpr std::chrono::microseconds kSliceTime{2'000};
constexpr std::size_t kSliceRecords = 1'000;
constexpr int kRestFactor = 20;

bool is_list(Kind kind) { return kind == kind::kContacts; }

}  // namespace

// One walk, breadth first.
class TrustKeeper::Build {
 public:
  Build(TrustOptions options, Random& random, SteadyTime since)
      : options_(std::move(options)), since_(since), keys_(std::make_shared<TrustedKeys>(random)) {
    for (const PublicKey& root : options_.roots) add(root);
    level_end_ = keys_->size();
  }

  // False once all is found. A store that cannot be read is failure.
  Result<bool, storage::SliceEnd> run_slice(const storage::Store& store, const Clock& clock) {
    TimeBudget budget(clock, kSliceTime, kSliceRecords);
    if (!query_ && !begin_query()) return false;
    const auto end = query_->run_slice(store, clock.unix_now(), budget, [this](const storage::RecordView& record) {
      record.decode(list_);
      for (const TagView tag : list_.tags) {
        if (tag.name() != "p") continue;
        if (const auto followed = PublicKey::from_hex(tag.value())) add(*followed);
      }
      return true;
    });
    if (end == storage::SliceEnd::failed || end == storage::SliceEnd::cut_short) return failure(end);
    if (end == storage::SliceEnd::finished) query_.reset();
    return true;
  }

  const TrustOptions& options() const { return options_; }
  SteadyTime since() const { return since_; }
  std::shared_ptr<TrustedKeys> keys() const { return keys_; }

 private:
  void add(const PublicKey& key) {
    if (keys_->size() < options_.max_keys) {
      keys_->insert(key);
    } else if (!keys_->is_capped) {
      keys_->is_capped = !keys_->contains(key);
    }
  }
  // False when there is nobody left to ask about.
  bool begin_query() {
    if (next_ == level_end_) {
      ++level_;
      level_end_ = keys_->size();
    }
    keys_->set_looked_at(next_);
    if (level_ >= options_.depth || next_ == level_end_) return false;
    Filter filter;
    filter.kinds = {kind::kContacts};
    filter.authors.emplace();
    while (next_ < level_end_ && filter.authors->size() < kAuthorsAtOnce) filter.authors->push_back((*keys_)[next_++]);
    std::ranges::sort(*filter.authors);
    storage::QueryOptions query;
    query.default_limit = query.max_limit = kAuthorsAtOnce;
    query_.emplace(std::vector<Filter>{std::move(filter)}, query);
    return true;
  }

  const TrustOptions options_;
  const SteadyTime since_;
  const std::shared_ptr<TrustedKeys> keys_;
  std::optional<storage::Query> query_;
  std::size_t next_ = 0;  // whose follows are looked at
  std::size_t level_end_ = 0;
  unsigned level_ = 0;
  Event list_;
};

TrustKeeper::TrustKeeper(storage::Store& store, WorkerPool& pool, const Clock& clock, Random& random,
                         const metrics::AccessMetrics& metrics, Show show)
    : store_(store), pool_(pool), clock_(clock), random_(random), metrics_(metrics), show_(std::move(show)) {
  subscription_ = store_.feed().subscribe([this](const storage::CommitBatchPtr& batch) { on_batch(*batch); });
}

TrustKeeper::~TrustKeeper() = default;

void TrustKeeper::configure(TrustOptions options) {
  {
    Lock lock(mutex_);
    if (options == options_) return;
    options_ = std::move(options);
    is_stale_ = true;
    not_before_ = clock_.now();
    // What was found under the old ones is nothing.
    build_.reset();
    waiting_.reset();
  }
  tick();
}

void TrustKeeper::on_batch(const storage::CommitBatch& batch) {
  const auto concerns = [this](const PublicKey& author) PHAROS_REQUIRES(mutex_) {
    return !options_.roots.empty() && (build_ != nullptr || !shown_ || shown_->looked_at(author));
  };
  for (const storage::CommittedEvent& committed : batch.events) {
    if (!is_list(committed.event->kind)) continue;
    Lock lock(mutex_);
    is_stale_ = is_stale_ || concerns(committed.event->pubkey);
  }
  for (const storage::ErasedEvent& erased : batch.erased) {
    if (!is_list(erased.kind)) continue;
    Lock lock(mutex_);
    is_stale_ = is_stale_ || concerns(erased.pubkey);
  }
}

bool TrustKeeper::is_due(SteadyTime now) const { return is_stale_ && !build_ && now >= not_before_; }

void TrustKeeper::tick() {
  std::shared_ptr<Build> build;
  {
    Lock lock(mutex_);
    if (waiting_) {
      build = std::move(waiting_);
      waiting_.reset();
    } else if (is_due(clock_.now())) {
      // What changes from here on may be seen or not.
      is_stale_ = false;
      build = build_ = std::make_shared<Build>(options_, random_, clock_.now());
    }
  }
  if (build) next_slice(build);
}

void TrustKeeper::next_slice(const std::shared_ptr<Build>& build) {
  if (pool_.try_submit([self = shared_from_this(), build] { self->run_slice(build); })) return;
  Lock lock(mutex_);
  if (build_ == build) waiting_ = build;
}

void TrustKeeper::run_slice(const std::shared_ptr<Build>& build) {
  {
    Lock lock(mutex_);
    if (build_ != build) return;
  }
  const auto more = build->run_slice(store_, clock_);
  if (more && more.value()) return next_slice(build);
  if (more) return finish(build);
  log::warn("access", "the web of trust could not be built, the old one stays");
  Lock lock(mutex_);
  if (build_ != build) return;
  build_.reset();
  is_stale_ = true;
  not_before_ = clock_.now() + std::max(options_.pause, std::chrono::milliseconds(1'000));
}

void TrustKeeper::finish(const std::shared_ptr<Build>& build) {
  const SteadyTime now = clock_.now();
  const auto took = now - build->since();
  const auto keys = build->keys();
  const bool exists = !build->options().roots.empty();
  {
    Lock lock(mutex_);
    if (build_ != build) return;
    shown_ = exists ? keys : nullptr;
    build_.reset();
    not_before_ = now + std::max<SteadyTime::duration>(options_.pause, kRestFactor * took);
  }
  metrics_.trusted_keys.set(exists ? static_cast<std::int64_t>(keys->size()) : 0);
  metrics_.trusted_bytes.set(exists ? static_cast<std::int64_t>(keys->bytes()) : 0);
  metrics_.trust_capped.set(exists && keys->is_capped ? 1 : 0);
  metrics_.trust_complete.set(exists ? 1 : 0);
  metrics_.trust_builds.add();
  metrics_.trust_build_seconds.observe(std::chrono::duration<double>(took).count());
  log::debug("access", "the web of trust was built", {{"keys", keys->size()}, {"capped", keys->is_capped}});
  show_(exists ? keys : nullptr);
}

}  // namespace pharos::ingest
