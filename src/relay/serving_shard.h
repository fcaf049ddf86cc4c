// What the connections of one io shard share: the live index, the inbox of live events, and the list of who is there.
//
// What a member throws reaches the loop, which counts and logs it, when the others have had theirs.
//
// publish() and answer() from any thread; everything else on the shard's thread. The inbox is bounded in events and
// bytes: when the shard lags by more, batches are dropped, and where they are missing in the order of events every
// subscription of the shard is closed with a reason, never silently short.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "ingest/access_lists.h"
#include "metrics/relay_metrics.h"
#include "relay/event_pool.h"
#include "relay/live_event.h"
#include "relay/live_index.h"
#include "relay/loop.h"
#include "relay/rate_rules.h"
#include "relay/session_count.h"
#include "relay/verdict_inbox.h"
#include "storage/store.h"
#include "util/first_error.h"
#include "util/sync.h"

namespace pharos::relay {

class LiveReceiver {
 public:
  virtual ~LiveReceiver() = default;
  // An event matched the subscription of that key.
  virtual void on_live(std::uint64_t key, const LiveEventPtr& event) = 0;
  virtual void on_events_lost() = 0;
};

// A session as its shard sees it.
class ShardMember : public LiveReceiver {
 public:
  // The fate of an event that it submitted; scratch is for the text of the OK.
  virtual void on_verdict(const VerdictInbox::Entry& entry, std::string& scratch) = 0;
  // Asked for by retry_soon().
  virtual void retry() = 0;
  // Asked for by want_ticks(). False when it wants no further ones.
  virtual bool tick() = 0;
  // Asked for by wake_at().
  virtual void wake() = 0;
  // Other rates hold from now on.
  virtual void obey(const std::shared_ptr<const RateRules>& rates) = 0;
  // Take nothing more, end when the acknowledgements that are due have been sent.
  virtual void begin_drain() = 0;
  // End now.
  virtual void shut_down() = 0;
  // Other rules are in force: end now if they block its address, and what it may not read any more.
  virtual void obey(const std::shared_ptr<const ingest::AccessRules>& rules) = 0;
};

class ServingShard {
 public:
  ServingShard(Loop& loop, const storage::Store& store, const Clock& clock, SessionCount& sessions, std::uint64_t salt,
               std::size_t max_fanout_events, std::size_t max_fanout_bytes, const metrics::RelayMetrics& metrics);

  // Any thread, in commit order.
  void publish(const LiveBatchPtr& batch);
  // Any thread. The sender hears of it on the shard's, if it is still there.
  void answer(VerdictInbox::Entry verdict);

  struct Watched {
    LiveIndex::Handle handle;
    storage::Seq newest = 0;  // what is committed after it comes live
  };
  Watched watch(const LiveIndex::Target& target, FilterList filters);
  void forget(LiveIndex::Handle handle) { index_.remove(handle); }

  void attach(std::shared_ptr<ShardMember> member);
  // The member is destroyed later, from the loop.
  void detach(ShardMember* member);
  // Calls retry() on the member in a few milliseconds, if it is still there.
  void retry_soon(std::weak_ptr<ShardMember> member);
  // Calls tick() on the attached member about every kTick, until it wants no more or is detached.
  static constexpr std::chrono::milliseconds kTick{1'000};
  void want_ticks(ShardMember* member);

  // Calls wake() on the member at that time or a little later, if it is still there. Each asks for one at a time.
  void wake_at(SteadyTime at, std::weak_ptr<ShardMember> member);

  void begin_drain();
  void shut_down();
  void obey(const std::shared_ptr<const ingest::AccessRules>& rules);
  void obey(const std::shared_ptr<const RateRules>& rates);

  Loop& loop() { return loop_; }
  EventPool& events() { return events_; }
  std::size_t members() const { return members_.size(); }
  const LiveIndex& index() const { return index_; }

 private:
  struct Delivery {
    LiveBatchPtr batch;
    bool lost_behind = false;     // batches between this one and the next were dropped
    storage::Seq lost_up_to = 0;  // the newest of them
  };
  void take_next();
  void take_verdicts();
  void deliver(const LiveBatch& batch, FirstError& errors);
  // A receiver that throws is told that events were lost, so that it is never silently short.
  static void receive(LiveReceiver& receiver, std::uint64_t key, const LiveEventPtr& event);
  void close_subscriptions(FirstError& errors);
  void arm();
  void on_timer();
  void tick(FirstError& errors);
  template <class Tell>
  void tell_all(Tell tell) const;
  std::vector<std::shared_ptr<ShardMember>> all_members() const;

  Loop& loop_;
  const storage::Store& store_;
  const Clock& clock_;
  SessionCount& sessions_;
  const std::size_t max_fanout_events_;
  const std::size_t max_fanout_bytes_;
  const metrics::RelayMetrics metrics_;

  Mutex inbox_mutex_;
  std::deque<Delivery> inbox_ PHAROS_GUARDED_BY(inbox_mutex_);
  std::size_t inbox_events_ PHAROS_GUARDED_BY(inbox_mutex_) = 0;
  std::size_t inbox_bytes_ PHAROS_GUARDED_BY(inbox_mutex_) = 0;
  bool wake_posted_ PHAROS_GUARDED_BY(inbox_mutex_) = false;

  VerdictInbox verdicts_;
  std::vector<VerdictInbox::Entry> taken_verdicts_;  // reused
  std::string scratch_;
  EventPool events_;

  LiveIndex index_;
  storage::Seq delivered_ = 0;  // the newest sequence number that came through the inbox
  std::vector<LiveIndex::Handle> matched_;
  std::unordered_map<ShardMember*, std::shared_ptr<ShardMember>> members_;
  std::vector<std::weak_ptr<ShardMember>> retries_;
  std::unordered_set<ShardMember*> ticking_;
  SteadyTime next_tick_;  // while any is ticking
  std::multimap<SteadyTime, std::weak_ptr<ShardMember>> wakes_;
};

}  // namespace pharos::relay
