// The keeper of the access lists: applies changes one after the other, keeps them on disk with an audit, and shows the
// rules of the moment to whoever asks.
//
//   submit -> plan -> in force at once -> written -> audit, erased() -> done
//                  -> nothing changes: erased() -> done
//
// A change is in force before it is written, so that nothing it forbids comes in after it; one that cannot be written
// is taken back. When erased() is called everything that had come in before is committed and can be found.
//
// Owned by app; made after the store, destroyed after Store::stop(). Any thread; the callbacks come on the thread that
// submits, the store's writer or its merger, and must not block.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ingest/access_change.h"
#include "ingest/access_lists.h"
#include "ingest/access_store.h"
#include "metrics/access_metrics.h"
#include "storage/store.h"
#include "util/clock.h"
#include "util/result.h"
#include "util/snapshot.h"
#include "util/sync.h"

namespace pharos::ingest {

using RulesSnapshot = std::shared_ptr<Snapshot<AccessRules>>;

class Moderation {
 public:
  static constexpr std::size_t kMaxWaiting = 1'000;  // changes; beyond it they are refused
  // Of these, requests of members and of those who want to be (NIP-43): the rest is for administrators.
  static constexpr std::size_t kMaxWaitingRequests = 100;

  enum class Fault { invalid, busy, not_written };
  struct Failure {
    Fault fault{};
    std::string detail;  // for people
  };
  struct Changed {
    std::string subject;                        // in its one spelling
    std::shared_ptr<const AccessRules> before;  // what the change was made of
    std::shared_ptr<const AccessLists> after;   // the same lists where nothing had to be changed
  };
  // Once the change is on disk.
  using Done = std::function<void(Result<Changed, Failure>)>;

  static Result<std::unique_ptr<Moderation>, storage::StorageFailure> open(storage::Store& store, const Clock& clock,
                                                                           const metrics::AccessMetrics& metrics = {});
  Moderation(storage::Store& store, const Clock& clock, const metrics::AccessMetrics& metrics, StoredAccess stored);

  // Before the first change. changed(): other rules are in force. erase(): what these filters match may stay no longer.
  void set_listeners(std::function<void()> changed, std::function<void(std::vector<Filter>)> erase);

  // What the settings say from now on.
  void set_fixed(FixedAccess fixed);

  // Who is in the web of trust from now on; nullptr: that is not known.
  void set_trusted(std::shared_ptr<const TrustedKeys> trusted);

  // The one place where the rules of the moment stand; never empty.
  const RulesSnapshot& rules() const { return rules_; }

  // actor: a public key in hex, or "operator". done is called once, perhaps inside.
  void submit(AccessChange change, std::string actor, Done done);

  // The newest of a ring, newest first.
  std::vector<AuditEntry> audit(AuditRing ring = AuditRing::changes) const;

 private:
  struct Job {
    AccessChange change;
    std::string actor;
    Done done;
  };
  void run();
  // True when the store has it and finished() follows.
  bool start(const std::shared_ptr<Job>& job);
  void unchanged(const Job& job, AccessPlan plan, const std::shared_ptr<const AccessRules>& rules) const;
  void finished(const Job& job, const AccessPlan& plan, AuditEntry audit, Changed done, bool written);
  void show_waiting() const PHAROS_REQUIRES(mutex_);
  void fail(const Job& job, Fault fault, std::string detail) const;
  void put_in_force(std::shared_ptr<const AccessLists> lists);
  void show_sizes(const AccessLists& lists) const;

  storage::Store& store_;
  const Clock& clock_;
  const metrics::AccessMetrics metrics_;
  const RulesSnapshot rules_;
  std::function<void()> changed_;
  std::function<void(std::vector<Filter>)> erase_;

  mutable Mutex mutex_;
  std::deque<std::shared_ptr<Job>> waiting_ PHAROS_GUARDED_BY(mutex_);
  std::size_t waiting_requests_ PHAROS_GUARDED_BY(mutex_) = 0;
  bool busy_ PHAROS_GUARDED_BY(mutex_) = false;  // a change is under way
  AuditTrail audit_ PHAROS_GUARDED_BY(mutex_);
  std::uint64_t version_ PHAROS_GUARDED_BY(mutex_) = 0;
};

}  // namespace pharos::ingest
