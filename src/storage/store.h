// The event store as the layers above see it: one LMDB environment, one writer thread, an ordered commit feed.
//
//   Store::open -> submit() from any thread -> done(outcome) after the commit is on disk
//                                           -> the feed's subscribers get the batch
//   read()      -> a short read transaction for one scan slice; never held across a socket wait
//
// After a commit, in this order: last_seq() moves on, the feed publishes the batch, the callbacks run in the order of
// submission. A reader that subscribes to the feed, then notes last_seq(), then scans up to it misses nothing.
//
// Owned by app; outlives everything that submits to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "metrics/storage_metrics.h"
#include "nostr/event.h"
#include "storage/error.h"
#include "util/clock.h"
#include "util/result.h"

namespace pharos::storage {

// Local sequence number: every stored event gets the next one, in commit order, starting at 1; never reused.
using Seq = std::uint64_t;

// Who brought an event; the feed carries it so that a mirror never echoes an event to its sender.
// 0 is a local client; upstreams and other producers take ids from allocate_origin().
using Origin = std::uint32_t;
inline constexpr Origin kLocalOrigin = 0;

struct StoreOptions {
  std::filesystem::path directory;
  std::uint64_t map_size_bytes = std::uint64_t{1} << 40;
  std::size_t max_readers = 512;
  std::size_t queue_capacity = 16384;            // submissions waiting for the writer; then submit() refuses
  std::size_t batch_max_events = 1024;           // a commit closes on count,
  std::size_t batch_max_bytes = 8U << 20U;       // on bytes,
  std::chrono::microseconds batch_window{1000};  // or on time, when more submissions keep coming; never waits for them
  std::chrono::milliseconds expire_interval{10'000};  // how often what has expired is erased (NIP-40)
  std::size_t expire_max_events = 512;                // in one commit; the rest follows after what is queued
  bool sync_to_disk = true;                           // false: kill -9 safe, not power-cut safe; for bulk import only
  bool read_only = false;
};

enum class PutOutcome {
  stored,
  duplicate,        // this id is held already
  superseded,       // a newer version (or the same second with a lower id) of the replaceable or addressable is held
  deleted,          // a deletion request by its author forbids it (NIP-09)
  expired,          // NIP-40, at the moment of writing
  failed_map_full,  // nothing of the batch was kept; the caller may retry later
  failed_io,
};

// An event as the feed and the writer carry it; shared, never changed after submission.
using EventPtr = std::shared_ptr<const Event>;

struct PutRequest {
  EventPtr event;  // id and signature verified by the caller
  Origin origin = kLocalOrigin;
  // Called once on the writer thread, after the commit that decided it is durable. Must not block: post elsewhere.
  std::function<void(PutOutcome)> done;
};

class ReadTxn;
class WriteTxn;
class CommitFeed;
struct Tables;

class Store {
 public:
  // With read_only there is no writer: submissions are refused, and last_seq() is that of the moment of opening.
  static Result<std::unique_ptr<Store>, StorageFailure> open(const StoreOptions& options, const Clock& clock,
                                                             const metrics::StorageMetrics& metrics = {});
  virtual ~Store() = default;

  // Any thread. False when the queue is full or the store is stopping; the request is untouched then.
  virtual bool submit(PutRequest&& request) = 0;
  // An update of other tables (ledger, probe results) in the same order as the events submitted before it: when
  // done(true) is called, they and the update are durable. apply runs on the writer thread inside the write
  // transaction; returning false rolls this update back and done(false) follows. When a batch fails, each of its parts
  // is tried again alone, so apply may run twice; what its first run wrote is gone then.
  virtual bool submit_update(std::function<bool(WriteTxn&)> apply, std::function<void(bool)> done) = 0;

  // Hands an ephemeral event (NIP-01) to the feed without storing it. Any thread.
  virtual void publish_ephemeral(EventPtr event, Origin origin) = 0;

  // Any thread; cheap. Errors only when the reader table is full.
  virtual Result<ReadTxn, StorageFailure> read() const = 0;
  virtual const Tables& tables() const = 0;

  virtual CommitFeed& feed() = 0;
  // The newest committed sequence number. Any thread.
  virtual Seq last_seq() const = 0;
  virtual Origin allocate_origin() = 0;

  // True when that id is stored now. Any thread; the cheap test before signature work.
  virtual bool contains(const EventId& id) const = 0;

  // Commits what was submitted, answers it, stops the writer thread. Idempotent; not from a callback.
  virtual void stop() = 0;
};

}  // namespace pharos::storage
