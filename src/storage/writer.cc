#include "storage/writer.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "nostr/kind.h"
#include "storage/keys.h"
#include "util/log.h"
#include "util/worker_pool.h"

namespace pharos::storage {
namespace {

// Taken from the queue at once: the limits of a batch are looked at in between. An event of thousands of tags takes as
// long as hundreds of others.
constexpr std::size_t kChunk = 16;

constexpr std::chrono::seconds kComplaintInterval{10};

// What an event takes of a memtable, about.
constexpr std::size_t kBytesAnEvent = 2048;

double seconds_between(SteadyTime from, SteadyTime to) { return std::chrono::duration<double>(to - from).count(); }

bool has_room_for(const Event& event, Room room) {
  if (room == Room::for_requests) return event.kind == kind::kDeletion || event.kind == kind::kVanish;
  return room == Room::for_all;
}

}  // namespace

Writer::Writer(const Parts& parts, const StoreOptions& options, const metrics::StorageMetrics& metrics, Seq last_seq,
               std::uint64_t next_generation)
    : parts_(parts),
      options_(options),
      metrics_(metrics),
      queue_(options.queue_capacity),
      last_seq_(last_seq),
      last_given_(last_seq),
      next_generation_(next_generation),
      first_generation_(next_generation),
      chunks_(std::make_shared<ArenaChunks>(options.memtable_bytes)) {
  metrics_.queue_capacity.set(static_cast<std::int64_t>(options.queue_capacity));
  Lock lock(stop_mutex_);
  thread_ = std::thread([this] {
    set_thread_name("writer");
    run();
  });
}

Writer::~Writer() { stop(); }

bool Writer::submit(PutRequest&& request) {
  Submission submission{std::move(request), parts_.clock.now()};
  if (queue_.try_push(std::move(submission))) return true;
  request = std::move(std::get<PutRequest>(submission.what));
  return false;
}

bool Writer::submit_erase(EraseRequest&& request) {
  Submission submission{std::move(request), parts_.clock.now()};
  if (queue_.try_push(std::move(submission))) return true;
  request = std::move(std::get<EraseRequest>(submission.what));
  return false;
}

bool Writer::submit_update(std::function<bool(WriteTxn&)> apply, std::function<void(bool)> done) {
  // The merger would make it durable before the events that were submitted before it.
  if (!has_log()) return false;
  return queue_.try_push({Update{std::move(apply), std::move(done)}, parts_.clock.now()});
}

std::uint64_t Writer::merge_soon() {
  merge_wanted_.store(true, std::memory_order_relaxed);
  return active_generation_.load(std::memory_order_relaxed);
}

void Writer::stop() {
  queue_.close();
  Lock lock(stop_mutex_);
  if (thread_.joinable()) thread_.join();
}

void Writer::run() {
  auto next_erasure = std::chrono::steady_clock::now();
  Batch batch;
  while (true) {
    batch.submissions.clear();
    const bool open = queue_.pop_batch(batch.submissions, kChunk, next_erasure);
    count_taken(batch.submissions, 0);
    if (!batch.submissions.empty()) process(batch);
    if (!open) return;
    if (std::chrono::steady_clock::now() < next_erasure) continue;
    const bool more = erase_expired();
    parts_.env.clear_dead_readers();
    next_erasure = std::chrono::steady_clock::now();
    if (!more) next_erasure += options_.expire_interval;
  }
}

void Writer::process(Batch& batch) {
  const std::optional<StorageFailure> failure = try_commit(batch, true);
  failing_.store(failure.has_value(), std::memory_order_relaxed);
  if (!failure) return finish(batch);
  complain(*failure, batch.submissions.size());
  if (batch.submissions.size() == 1) return fail(batch, *failure);
  for (Submission& submission : batch.submissions) {
    Batch single;
    single.submissions.push_back(std::move(submission));
    const std::optional<StorageFailure> again = try_commit(single, false);
    again ? fail(single, *again) : finish(single);
  }
}

std::size_t Writer::memtable_limit() const {
  const bool is_first = !has_log() && active_->generation() == first_generation_;
  return is_first ? options_.memtable_bytes / 4 : options_.memtable_bytes;
}

std::optional<StorageFailure> Writer::prepare() {
  const bool is_ready = active_ && (wal_ || !has_log());
  const bool merge = merge_wanted_.exchange(false, std::memory_order_relaxed) && active_ && !active_->empty();
  if (is_ready && !merge && active_->bytes() < memtable_limit() && active_->has_room()) return std::nullopt;
  return begin_generation();
}

std::optional<StorageFailure> Writer::begin_generation() {
  if (!parts_.memtables.wait_for_room()) {
    return StorageFailure{StorageError::map_full, "what was acknowledged before cannot be moved from the log"};
  }
  // An update may follow that speaks of what the log before this one holds.
  if (wal_ && options_.durability == Durability::os) {
    if (const auto synced = wal_->sync(); !synced) return synced.error();
  }
  const std::uint64_t generation = next_generation_++;
  if (has_log()) {
    auto wal = Wal::create(parts_.files, parts_.env.directory(), generation, last_given_);
    if (!wal) {
      static_cast<void>(parts_.files.remove(wal_path(parts_.env.directory(), generation)));
      return wal.error();
    }
    wal_ = std::move(wal.value());
  }
  active_ = std::make_shared<Memtable>(generation, last_given_, parts_.env.tables().rules(),
                                       options_.memtable_bytes / kBytesAnEvent, chunks_,
                                       has_log() ? Memtable::Asked::by_queries : Memtable::Asked::by_writer);
  active_generation_.store(generation, std::memory_order_relaxed);
  parts_.memtables.push(active_);
  metrics_.memtables.set(static_cast<std::int64_t>(parts_.memtables.current()->size()));
  parts_.merger.wake();
  return std::nullopt;
}

Result<Snapshot, StorageFailure> Writer::look() const {
  auto memtables = parts_.memtables.current();
  PHAROS_TRY(auto txn, parts_.env.read());
  return Snapshot(std::move(txn), parts_.env.tables(), std::move(memtables), kMaxSeq);
}

Writer::Decision Writer::decide(const Submission& submission, EventStore& events) const {
  Decision decision;
  if (const auto* put = std::get_if<PutRequest>(&submission.what)) {
    if (!has_room_for(*put->event, parts_.memtables.room())) {
      decision.outcome = PutOutcome::failed_full;
      return decision;
    }
    decision.outcome = events.put(*put->event, parts_.clock.unix_now(), put->draft);
    decision.seq = events.last_seq();
  } else if (const auto* erase = std::get_if<EraseRequest>(&submission.what)) {
    decision.erased = events.erase_events(erase->events, erase->cause);
  }
  return decision;
}

std::optional<StorageFailure> Writer::try_commit(Batch& batch, bool grow) {
  const SteadyTime began = parts_.clock.now();
  if (auto failure = prepare()) return failure;
  auto snapshot = look();
  if (!snapshot) return snapshot.error();
  EventStore events(snapshot.value(), *active_, last_given_, kept_changes());
  batch.decisions.clear();
  do {
    for (std::size_t i = batch.decisions.size(); i < batch.submissions.size(); ++i) {
      batch.decisions.push_back(decide(batch.submissions[i], events));
    }
  } while (grow && take_more(batch, began, events.bytes_written()));
  batch.deleted = events.deleted();
  auto failure = append(snapshot.value(), events);
  batch.erased = events.erased();
  return failure;
}

std::optional<StorageFailure> Writer::append(const Snapshot& snapshot, EventStore& events) {
  last_given_ = events.last_seq();
  if (snapshot.failed()) {
    // What could not be read may be the same event, or a newer version, or its deletion.
    events.undo();
    return snapshot.failure();
  }
  if (events.changes().empty()) return std::nullopt;
  if (has_log()) {
    if (auto failure = log_changes(events)) return failure;
  }
  metrics_.memtable_bytes.set(static_cast<std::int64_t>(active_->bytes()));
  last_seq_.store(last_given_, std::memory_order_release);
  return std::nullopt;
}

std::optional<StorageFailure> Writer::log_changes(EventStore& events) {
  const SteadyTime decided = parts_.clock.now();
  const auto appended = wal_->append(events.changes(), options_.durability != Durability::os);
  if (!appended) {
    events.undo();
    // What a failed flush left of the file is not known; what was acknowledged in it is safe.
    if (appended.error().error == StorageError::io) wal_.reset();
    return appended.error();
  }
  metrics_.log_bytes.set(static_cast<std::int64_t>(wal_->bytes()));
  metrics_.write_commit_seconds.observe(seconds_between(decided, parts_.clock.now()));
  return std::nullopt;
}

bool Writer::take_more(Batch& batch, SteadyTime began, std::size_t bytes) {
  const std::size_t before = batch.submissions.size();
  if (before >= options_.batch_max_events || bytes >= options_.batch_max_bytes) return false;
  if (active_->bytes() >= memtable_limit()) return false;
  const auto left = options_.batch_window - (parts_.clock.now() - began);
  if (left.count() <= 0) return false;
  auto deadline = std::chrono::steady_clock::now();
  if (options_.durability == Durability::group) {
    deadline += left;
  } else if (queue_.size() == 0) {
    return false;
  }
  const std::size_t most = std::min(kChunk, options_.batch_max_events - before);
  queue_.pop_batch(batch.submissions, most, deadline);
  count_taken(batch.submissions, before);
  return batch.submissions.size() > before;
}

void Writer::finish(Batch& batch) {
  count(batch);

  auto committed = std::make_shared<CommitBatch>();
  committed->events.reserve(batch.submissions.size());
  for (std::size_t i = 0; i < batch.submissions.size(); ++i) {
    const auto* request = std::get_if<PutRequest>(&batch.submissions[i].what);
    if (request == nullptr || batch.decisions[i].outcome != PutOutcome::stored) continue;
    committed->events.push_back({batch.decisions[i].seq, request->origin, request->event});
  }
  committed->erased = std::move(batch.erased);
  if (!committed->events.empty() || !committed->erased.empty()) parts_.feed.publish(committed);

  const bool may_update = make_durable_for_updates(batch);
  for (std::size_t i = 0; i < batch.submissions.size(); ++i) {
    finish_one(batch.submissions[i], batch.decisions[i], may_update);
  }
  if (!committed->erased.empty()) merge_for_room();
}

void Writer::merge_for_room() {
  if (!parts_.memtables.is_full()) return;
  // Behind one that is being merged the next takes up what more is erased meanwhile.
  if (parts_.memtables.oldest_frozen()) return static_cast<void>(merge_soon());
  if (const auto failure = begin_generation()) complain(*failure, 0);
}

void Writer::finish_one(Submission& submission, const Decision& decision, bool may_update) {
  if (auto* put = std::get_if<PutRequest>(&submission.what)) {
    const Event& event = *put->event;
    const bool vanishes = event.kind == kind::kVanish && decision.outcome == PutOutcome::stored;
    if (vanishes && parts_.on_vanished && parts_.on_vanished({event.pubkey, event.created_at}, put->done)) return;
    if (put->done) put->done(decision.outcome);
  } else if (const auto* erase = std::get_if<EraseRequest>(&submission.what)) {
    if (erase->done) erase->done(decision.erased);
  } else {
    // The events before it are durable; the merger makes the update so.
    auto& update = std::get<Update>(submission.what);
    if ((!may_update || !parts_.merger.submit(std::move(update))) && update.done) update.done(false);
  }
}

bool Writer::make_durable_for_updates(const Batch& batch) {
  if (options_.durability != Durability::os || !wal_) return true;
  const bool has_updates = std::ranges::any_of(
      batch.submissions, [](const Submission& submission) { return std::holds_alternative<Update>(submission.what); });
  if (!has_updates) return true;
  const auto synced = wal_->sync();
  if (!synced) complain(synced.error(), batch.submissions.size());
  return synced.has_value();
}

void Writer::fail(Batch& batch, const StorageFailure& failure) {
  const bool full = failure.error == StorageError::map_full || failure.error == StorageError::disk_full;
  const PutOutcome outcome = full ? PutOutcome::failed_full : PutOutcome::failed_io;
  for (Submission& submission : batch.submissions) {
    if (const auto* request = std::get_if<PutRequest>(&submission.what)) {
      if (request->done) request->done(outcome);
    } else if (const auto* erase = std::get_if<EraseRequest>(&submission.what)) {
      if (erase->done) erase->done(std::nullopt);
    } else if (const auto& update = std::get<Update>(submission.what); update.done) {
      update.done(false);
    }
  }
}

void Writer::count_taken(const std::vector<Submission>& submissions, std::size_t from) const {
  const SteadyTime now = parts_.clock.now();
  for (std::size_t i = from; i < submissions.size(); ++i) {
    metrics_.queue_wait_seconds.observe(seconds_between(submissions[i].submitted_at, now));
  }
  metrics_.queue_depth.set(static_cast<std::int64_t>(queue_.size()));
}

void Writer::count(const Batch& batch) const {
  std::size_t stored = 0;
  for (std::size_t i = 0; i < batch.submissions.size(); ++i) {
    const bool is_event = std::holds_alternative<PutRequest>(batch.submissions[i].what);
    if (is_event && batch.decisions[i].outcome == PutOutcome::stored) ++stored;
  }
  if (stored > 0) metrics_.write_batch_events.observe(static_cast<double>(stored));
  for (std::size_t cause = 0; cause < batch.deleted.size(); ++cause) {
    metrics_.deleted[cause].add(batch.deleted[cause]);
  }
}

void Writer::complain(const StorageFailure& failure, std::size_t submissions) {
  const SteadyTime now = parts_.clock.now();
  if (now < next_complaint_) return;
  next_complaint_ = now + kComplaintInterval;
  log::error("storage", "a batch could not be written; its parts are tried alone",
             {{"error", describe(failure.error)}, {"detail", failure.detail}, {"submissions", submissions}});
}

bool Writer::erase_expired() {
  const UnixSeconds now = parts_.clock.unix_now();
  // What was erased before it was full, too.
  if (parts_.memtables.is_full()) merge_soon();
  if (const auto failure = prepare()) {
    complain(*failure, 0);
    return false;
  }
  auto snapshot = look();
  if (!snapshot) {
    complain(snapshot.error(), 0);
    return false;
  }
  EventStore events(snapshot.value(), *active_, last_given_, kept_changes());
  const std::size_t erased = events.erase_expired(now, options_.expire_max_events);
  if (const auto failure = append(snapshot.value(), events)) {
    complain(*failure, 0);
    return false;
  }
  for (std::size_t cause = 0; cause < events.deleted().size(); ++cause) {
    metrics_.deleted[cause].add(events.deleted()[cause]);
  }
  if (erased > 0) {
    auto committed = std::make_shared<CommitBatch>();
    committed->erased = events.erased();
    parts_.feed.publish(committed);
    merge_for_room();
  }
  return erased == options_.expire_max_events;
}

}  // namespace pharos::storage
