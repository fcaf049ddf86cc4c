#include "monitor/discovery.h"

#include <deque>
#include <utility>

#include "monitor/candidates.h"
#include "nostr/kind.h"
#include "storage/commit_feed.h"
#include "storage/query.h"
#include "util/log.h"
#include "util/sync.h"

namespace pharos::monitor {

namespace {

bool is_wanted(Kind kind) { return kind == kind::kRelayList || kind == kind::kRelayDiscovery; }

// Live events on their way from the feed's thread to the shard. Its own object, so that the feed's thread never holds
// the last reference to something that lives on the shard.
class Inbox {
 public:
  explicit Inbox(std::size_t capacity) : capacity_(capacity) {}

  // True when it was empty before and is not any more: somebody has to drain it.
  bool take(const storage::CommitBatch& batch, const PublicKey& except) {
    Lock lock(mutex_);
    const bool was_empty = events_.empty();
    for (const storage::CommittedEvent& committed : batch.events) {
      if (events_.size() >= capacity_) break;
      if (committed.seq == 0 || !is_wanted(committed.event->kind) || committed.event->pubkey == except) continue;
      events_.push_back(committed.event);
    }
    return was_empty && !events_.empty();
  }

  std::deque<storage::EventPtr> drain() {
    Lock lock(mutex_);
    return std::exchange(events_, {});
  }

 private:
  std::size_t capacity_;
  Mutex mutex_;
  std::deque<storage::EventPtr> events_ PHAROS_GUARDED_BY(mutex_);
};

}  // namespace

class Discovery::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(const DiscoveryOptions& options, net::IoShard& shard, storage::Store& store, const Clock& clock,
       const PublicKey& self, std::function<void(const RelayUrl&)> found)
      : options_(options),
        shard_(shard),
        store_(store),
        clock_(clock),
        self_(self),
        found_(std::move(found)),
        inbox_(std::make_shared<Inbox>(options.inbox)),
        timer_(shard) {}

  void start() {
    auto on_batch = [inbox = inbox_, &shard = shard_, self = self_, weak = weak_from_this()](const auto& batch) {
      if (!inbox->take(*batch, self)) return;
      shard.post([weak] {
        if (const auto impl = weak.lock()) impl->drain();
      });
    };
    subscription_ = store_.feed().subscribe(std::move(on_batch));
    begin_walk();
  }

 private:
  void drain() {
    for (const storage::EventPtr& event : inbox_->drain()) report(*event);
  }

  void report(const Event& event) {
    for (const RelayUrl& url : candidate_urls(event, options_.max_urls_per_event)) found_(url);
  }

  void begin_walk() {
    Filter filter;
    filter.kinds = {kind::kRelayList, kind::kRelayDiscovery};
    storage::QueryOptions query_options;
    query_options.default_limit = query_options.max_limit = query_options.max_scanned = ~std::size_t{0};
    query_options.max_seq = store_.last_seq();
    walk_.emplace(std::vector<Filter>{filter}, query_options);
    step();
  }

  void step() {
    TimeBudget budget(clock_, options_.slice_time, options_.slice_records);
    const auto end = walk_->run_slice(store_, clock_.unix_now(), budget, [this](const storage::RecordView& record) {
      if (record.pubkey() != self_) {
        record.decode(scratch_);
        report(scratch_);
      }
      return true;
    });
    if (end == storage::SliceEnd::more) {
      timer_.arm(options_.slice_pause, [this] { step(); });
      return;
    }
    if (end == storage::SliceEnd::failed) log::warn("monitor", "cannot search the store for relays");
    walk_.reset();
    timer_.arm(options_.rescan_every, [this] { begin_walk(); });
  }

  DiscoveryOptions options_;
  net::IoShard& shard_;
  storage::Store& store_;
  const Clock& clock_;
  PublicKey self_;
  std::function<void(const RelayUrl&)> found_;
  std::shared_ptr<Inbox> inbox_;
  net::Timer timer_;
  std::optional<storage::Query> walk_;
  Event scratch_;
  storage::CommitFeed::Subscription subscription_;
};

Discovery::Discovery(const DiscoveryOptions& options, net::IoShard& shard, storage::Store& store, const Clock& clock,
                     const PublicKey& self, std::function<void(const RelayUrl&)> found)
    : impl_(std::make_shared<Impl>(options, shard, store, clock, self, std::move(found))) {}
Discovery::~Discovery() = default;
void Discovery::start() { impl_->start(); }

}  // namespace pharos::monitor
