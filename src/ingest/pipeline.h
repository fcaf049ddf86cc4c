// The Sink of the program: admission on the caller's thread, id and signature checks in batches on the worker pool,
// then the store's writer.
//
//   submit -> refuse_at_door, AccessRules -> [pool: id hash -> held already? -> in flight already? -> signature]
//                                                                -> policy, where there is one -> in order: writer
//
// Order: events reach the writer in the order in which submit() took them, whichever thread verified them and however
// long that took. So an event and its deletion, or two versions of a replaceable, sent one after the other by one
// connection act in that order. The price is that a batch waits for the batches before it, at most a few milliseconds.
//
// Policy: an event that somebody else decides about leaves its batch, so that none waits for it, and comes to the
// writer behind all that was verified when its answer came: events that the policy is asked about take their order from
// its answers. Requests to vanish (NIP-62) are taken whatever it thinks of their author, so it is not asked.
//
// Identity: an id is believed only after it was recomputed, so a forged body under a known id is invalid, never a
// duplicate. An event whose id is in flight waits for that one's fate and is a duplicate only of an accepted one; if
// the first copy fails its signature, the second is checked on its own.
//
// Trust: a trusted submission skips id, identity and signature; the writer still finds duplicates.
//
// Owned by app; outlived by the store, the pool and the policy. When it goes, nothing is in flight any more: stop(),
// then wait_idle(), before the pool and the store stop.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include "ingest/access_lists.h"
#include "ingest/admission.h"
#include "ingest/author_limiter.h"
#include "ingest/membership.h"
#include "ingest/policy.h"
#include "ingest/sink.h"
#include "metrics/ingest_metrics.h"
#include "storage/store.h"
#include "util/clock.h"
#include "util/snapshot.h"
#include "util/worker_pool.h"

namespace pharos::ingest {

struct Options {
  AdmissionOptions admission;
  // Who may publish what, as it is at the moment an event comes and at the moment it goes to the writer; nullptr: all.
  std::shared_ptr<const Snapshot<AccessRules>> access;
  // Takes requests to join and to leave (NIP-43); nullptr where the rules refuse them.
  MembershipRequests* requests = nullptr;
  // Of clients that are not exempt, once the signature was checked; requests to vanish (NIP-62) are always taken.
  AuthorRates author_rates;
  std::uint64_t author_salt = 0;  // secret
  // In flight means taken by submit() and not yet settled. Beyond either cap submit() refuses.
  std::size_t max_in_flight = 8'192;
  std::size_t max_in_flight_bytes = 64U << 20U;
  std::size_t verify_batch = 32;          // events in one job of the pool
  std::size_t recent_ephemeral = 16'384;  // ids remembered so that two upstreams do not deliver an event twice
};

class Pipeline final : public Sink {
 public:
  Pipeline(const Options& options, storage::Store& store, WorkerPool& pool, const Clock& clock,
           const metrics::IngestMetrics& metrics, Policy* policy = nullptr);
  ~Pipeline() override;

  bool submit(Submission&& submission) override;
  void count_refused(Source source, Reason reason) override;

  // Waits while the pipeline is full, for callers with a thread of their own (import); never on a pool thread or an io
  // shard. False once stopped.
  bool submit_waiting(Submission&& submission);

  // The same for many at once, in the order in which make() gives them; bulks keep their order among each other, not
  // with single submissions. Also false, with nothing taken, when the pool's queue is full.
  bool submit_waiting(Bulk&& bulk);

  // Takes effect for events submitted from now on. Any thread.
  void set_admission(const AdmissionOptions& admission);

  // At once. Any thread.
  void set_author_rates(const AuthorRates& rates);

  // Refuses new submissions; what is in flight goes on. Idempotent, any thread.
  void stop();
  // True when nothing was in flight within the timeout. Not on a pool thread or an io shard.
  bool wait_idle(std::chrono::milliseconds timeout);
  std::size_t in_flight() const;

 private:
  class State;
  std::shared_ptr<State> state_;
};

std::unique_ptr<Pipeline> make_pipeline(const Options& options, storage::Store& store, WorkerPool& pool,
                                        const Clock& clock, const metrics::IngestMetrics& metrics = {},
                                        Policy* policy = nullptr);

}  // namespace pharos::ingest
