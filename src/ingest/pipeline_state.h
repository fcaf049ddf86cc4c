// The inside of Pipeline: what its jobs on the pool and the writer's callbacks share, and keep alive.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "ingest/in_flight_ids.h"
#include "ingest/item.h"
#include "ingest/pipeline.h"
#include "ingest/sequencer.h"
#include "ingest/tally.h"
#include "util/pool.h"
#include "util/snapshot.h"
#include "util/sync.h"

namespace pharos::ingest {

class Pipeline::State : public std::enable_shared_from_this<Pipeline::State> {
 public:
  State(const Options& options, storage::Store& store, WorkerPool& pool, const Clock& clock,
        const metrics::IngestMetrics& metrics, Policy* policy);

  bool submit(Submission&& submission, bool wait_for_room);
  bool submit_bulk(Bulk&& bulk);
  void count_refused(Source source, Reason reason);
  void set_admission(const AdmissionOptions& admission);
  void set_author_rates(const AuthorRates& rates) { authors_.set_rates(rates); }
  void stop();
  bool wait_idle(std::chrono::milliseconds timeout);
  std::size_t in_flight() const;

 private:
  using Batch = std::vector<ItemPtr>;
  enum class Forwarded { yes, store_full };

  // Takes room for items; false when there is none, or after stop().
  bool enter(std::size_t items, std::size_t bytes, bool wait_for_room);
  void leave(std::size_t items, std::size_t bytes);
  void leave_group(ItemGroup& group);

  using Rules = std::shared_ptr<const AccessRules>;
  Rules rules() const { return options_.access ? options_.access->get() : no_rules_; }
  static std::optional<Verdict> refuse_by(const AccessRules& rules, Item& item);

  // False, with nothing queued, when a job is needed and the pool has no room for it.
  bool enqueue(const ItemPtr& item);
  void enqueue_again(const ItemPtr& item);
  bool start_job() PHAROS_REQUIRES(mutex_);
  void run_job();
  void run_bulk(std::uint64_t number, const std::shared_ptr<ItemGroup>& group);
  // Leaves what goes on to the writer.
  void verify(Batch& batch);
  // Takes out of the batch what is for the relay itself.
  void answer_requests(Batch& batch);
  // Takes out of the batch what waits for the policy.
  void ask_policy(Batch& batch);
  void on_decision(const ItemPtr& item, const PolicyDecision& decision);
  // Settles what is no event or known already.
  void drop_known(Batch& batch);
  bool lead_and_verify(const ItemPtr& item);
  // Settles what its author may not send yet.
  bool has_author_rate(const Submission& submission) const;
  bool charge_author(const ItemPtr& item);

  void forward();
  Forwarded forward_one(const ItemPtr& item, const AccessRules& rules);
  bool put(const ItemPtr& item);
  void on_put(const ItemPtr& item, storage::PutOutcome outcome);

  // The end of every item: counts, tells, and settles or restarts those who waited for this one.
  void settle(const ItemPtr& item, const Verdict& verdict);
  // Whether a copy that waited shares the fate of the first one; one that does not may be spared its verification.
  bool learns_from(const Item& first, const Verdict& verdict, Item& copy) const;
  void settle_one(const ItemPtr& item, const Verdict& verdict);

  const Options options_;
  const Rules no_rules_ = std::make_shared<const AccessRules>();
  storage::Store& store_;
  WorkerPool& pool_;
  const Clock& clock_;
  Policy* const policy_;
  const Tally tally_;
  Snapshot<AdmissionOptions> admission_;
  AuthorLimiter authors_;
  Pool<Item> spare_items_;
  InFlightIds ids_;
  Sequencer<Batch> sequencer_;

  mutable Mutex mutex_;
  std::condition_variable room_;
  bool stopped_ PHAROS_GUARDED_BY(mutex_) = false;
  std::size_t items_ PHAROS_GUARDED_BY(mutex_) = 0;
  std::size_t bytes_ PHAROS_GUARDED_BY(mutex_) = 0;
  std::deque<ItemPtr> pending_ PHAROS_GUARDED_BY(mutex_);  // waits for verification
  std::uint64_t next_batch_ PHAROS_GUARDED_BY(mutex_) = 0;
  std::size_t jobs_ PHAROS_GUARDED_BY(mutex_) = 0;         // queued in the pool or running
  std::size_t queued_jobs_ PHAROS_GUARDED_BY(mutex_) = 0;  // of these, not yet running
  std::size_t puts_ PHAROS_GUARDED_BY(mutex_) = 0;         // with the writer
  bool store_was_full_ PHAROS_GUARDED_BY(mutex_) = false;  // forwarding rests until a put comes back
};

}  // namespace pharos::ingest
