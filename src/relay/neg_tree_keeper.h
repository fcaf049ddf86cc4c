// A tree of sums over all stored events of a filter that everybody may read, for negentropy (NIP-77) over sets too
// large to be collected for each session: built in the background after the start, kept current by the commit feed.
//
//   feed          events from the beginning on are noted, and counted once the tree is whole
//   slices        what was stored before, newest first; which numbers were met is remembered
//   a barrier     through the writer: all that the slices saw of erasures has come by the feed
//   then          the noted ones are counted, and from now on each as it comes
//
// So an erasure counts exactly if its event was met. Expired events leave when their time comes, erased or not. A
// bucket that has grown too large is read and split, and what changes in it meanwhile is done again on the parts.
//
// All that it remembers counts against its cap, while it is built as well; beyond it the tree is given up. Views share
// a copy of the buckets, which is in that cap too; of copies that views still hold after the tree has changed the
// memory of the sessions is charged (neg_memory.h), and where there is none left, further views are of the moment
// before.
//
// Any thread. The store, the clock and the runner's pool outlive its work; it keeps itself alive while that runs.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "metrics/relay_metrics.h"
#include "relay/access.h"
#include "relay/auth.h"
#include "relay/neg_memory.h"
#include "relay/neg_tree_view.h"
#include "relay/options.h"
#include "relay/query_runner.h"
#include "storage/commit_feed.h"
#include "util/sync.h"

namespace pharos::relay {

class NegTreeKeeper final : public std::enable_shared_from_this<NegTreeKeeper> {
 public:
  // The filter has kinds and authors alone. Beyond max_bytes the tree is given up.
  NegTreeKeeper(storage::Store& store, const Clock& clock, std::shared_ptr<SliceRunner> runner,
                std::shared_ptr<NegMemory> memory, const Filter& filter, const Options& options,
                const metrics::RelayMetrics& metrics);
  ~NegTreeKeeper();

  const Filter& filter() const { return source_->filter; }

  // Once.
  void start();

  // Ends the building where it is under way, at the record that it has reached: it reads the whole store.
  void stop();
  // Leaves the feed, before the last reference may go on any thread: on the feed's own it could not. Not at the same
  // time as start().
  void retire() { subscription_ = {}; }

  // Whether the tree, in a window of time, is the set of these filters for whoever has these keys.
  bool serves(const std::vector<Filter>& filters, const KeyList& readers) const;
  // nullptr while it is not whole, and after it was given up: then the set has to be collected. read: as the view says.
  std::unique_ptr<NegTreeView> view(const Filter& window, NegReadBuckets* read = nullptr);

  bool is_whole() const;
  bool is_given_up() const;

 private:
  class Build;
  class Split;
  using GivenUp = metrics::RelayMetrics::NegTreeGivenUp;
  enum class Phase { building, whole, given_up };
  struct Change {
    NegItem item;
    storage::Seq seq = 0;
    std::optional<UnixSeconds> expires_at;
    bool erased = false;
  };

  bool holds(Kind kind, const PublicKey& author) const;
  void on_batch(const storage::CommitBatch& batch);
  void count_batch(const storage::CommitBatch& batch);
  // False when nothing more is wanted.
  bool take(const storage::RecordView& record);
  void run_slice(const std::shared_ptr<Build>& build);
  void on_scanned();
  void on_barrier();
  bool is_building() const;
  void give_up(GivenUp reason, const char* why) PHAROS_REQUIRES(mutex_);
  void clear() PHAROS_REQUIRES(mutex_);
  void note(Change&& change) PHAROS_REQUIRES(mutex_);
  void count(const Change& change) PHAROS_REQUIRES(mutex_);
  void change_tree(const NegItem& item, bool erased) PHAROS_REQUIRES(mutex_);
  bool is_to_split(const NegBucket& bucket) const PHAROS_REQUIRES(mutex_);
  void begin_split();
  void run_split(const std::shared_ptr<Split>& split);
  bool is_splitting() const;
  void end_split(const std::vector<NegItem>* items);
  void drop_expired(UnixSeconds now) PHAROS_REQUIRES(mutex_);
  NegTreeView::Moment share_moment() PHAROS_REQUIRES(mutex_);
  std::size_t memory() const PHAROS_REQUIRES(mutex_);
  void tell_size() PHAROS_REQUIRES(mutex_);

  storage::Store& store_;
  const Clock& clock_;
  const std::shared_ptr<SliceRunner> runner_;
  const std::shared_ptr<NegMemory> shared_memory_;
  const Gates gates_;
  const std::size_t max_bytes_;
  const std::chrono::microseconds slice_time_;
  const std::size_t slice_records_;
  std::shared_ptr<const NegSource> source_;
  const metrics::Gauge records_gauge_;
  const metrics::Gauge bytes_gauge_;
  const decltype(metrics::RelayMetrics::neg_trees_given_up) given_up_;
  storage::CommitFeed::Subscription subscription_;

  mutable Mutex mutex_;
  Phase phase_ PHAROS_GUARDED_BY(mutex_) = Phase::building;
  NegTree tree_ PHAROS_GUARDED_BY(mutex_);
  storage::Seq built_to_ PHAROS_GUARDED_BY(mutex_) = 0;   // the slices covered what was stored up to it
  storage::Seq newest_ PHAROS_GUARDED_BY(mutex_) = 0;     // that was counted
  UnixSeconds expired_to_ PHAROS_GUARDED_BY(mutex_) = 0;  // what expired by then is not in it
  std::vector<bool> met_ PHAROS_GUARDED_BY(mutex_);       // by number, while it is built
  std::vector<Change> noted_ PHAROS_GUARDED_BY(mutex_);
  std::set<std::pair<UnixSeconds, NegItem>> expiring_ PHAROS_GUARDED_BY(mutex_);
  struct Splitting {
    NegTree::Held held;  // as it was
    bool begun = false;
    std::vector<std::pair<NegItem, bool>> changes;  // since then
  };
  std::optional<Splitting> splitting_ PHAROS_GUARDED_BY(mutex_);
  // Of buckets that could not be split, by the first each may hold: how many it had. It is tried again once it has
  // twice as many.
  std::map<NegItem, std::uint64_t> unsplit_ PHAROS_GUARDED_BY(mutex_);
  // The newest copy of the buckets, which views share; the others belong to the views alone.
  struct Copy;
  std::shared_ptr<Copy> copy_ PHAROS_GUARDED_BY(mutex_);
  std::size_t told_records_ PHAROS_GUARDED_BY(mutex_) = 0;
  std::size_t told_bytes_ PHAROS_GUARDED_BY(mutex_) = 0;
};

}  // namespace pharos::relay
