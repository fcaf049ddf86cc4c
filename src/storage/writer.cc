#include "storage/writer.h"

#include <chrono>
#include <memory>
#include <utility>

#include "storage/keys.h"
#include "util/log.h"
#include "util/worker_pool.h"

namespace pharos::storage {
namespace {

// Taken from the queue at once: the limits of a batch are looked at in between.
constexpr std::size_t kChunk = 64;

constexpr std::chrono::seconds kComplaintInterval{10};

double seconds_between(SteadyTime from, SteadyTime to) { return std::chrono::duration<double>(to - from).count(); }

}  // namespace

Writer::Writer(Env& env, CommitFeed& feed, const Clock& clock, const StoreOptions& options,
               const metrics::StorageMetrics& metrics, Seq last_seq)
    : env_(env),
      feed_(feed),
      clock_(clock),
      options_(options),
      metrics_(metrics),
      queue_(options.queue_capacity),
      last_seq_(last_seq) {
  metrics_.queue_capacity.set(static_cast<std::int64_t>(options.queue_capacity));
  Lock lock(stop_mutex_);
  thread_ = std::thread([this] {
    set_thread_name("writer");
    run();
  });
}

Writer::~Writer() { stop(); }

bool Writer::submit(PutRequest&& request) {
  Submission submission{std::move(request), clock_.now()};
  if (queue_.try_push(std::move(submission))) return true;
  request = std::move(std::get<PutRequest>(submission.what));
  return false;
}

bool Writer::submit_update(std::function<bool(WriteTxn&)> apply, std::function<void(bool)> done) {
  return queue_.try_push({Update{std::move(apply), std::move(done)}, clock_.now()});
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
    if (!batch.submissions.empty()) process(batch);
    if (!open) return;
    if (std::chrono::steady_clock::now() < next_erasure) continue;
    const bool more = erase_expired();
    next_erasure = std::chrono::steady_clock::now();
    if (!more) next_erasure += options_.expire_interval;
  }
}

void Writer::process(Batch& batch) {
  const std::optional<StorageFailure> failure = try_commit(batch, true);
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

std::optional<StorageFailure> Writer::try_commit(Batch& batch, bool grow) {
  const SteadyTime began = clock_.now();
  auto begun = env_.write();
  if (!begun) return begun.error();
  WriteTxn& txn = begun.value();
  EventStore events(txn, last_seq());
  batch.decisions.clear();
  do {
    for (std::size_t i = batch.decisions.size(); i < batch.submissions.size(); ++i) {
      batch.decisions.push_back(decide(batch.submissions[i], txn, events));
      if (txn.failed()) return txn.failure();
    }
  } while (grow && take_more(batch, began, events.bytes_written()));

  if (!events.flush()) return txn.failure();
  const SteadyTime decided = clock_.now();
  if (const auto committed = txn.commit(); !committed) return committed.error();
  metrics_.write_commit_seconds.observe(seconds_between(decided, clock_.now()));
  batch.deleted = events.deleted();
  batch.last_seq = events.last_seq();
  return std::nullopt;
}

Writer::Decision Writer::decide(const Submission& submission, WriteTxn& txn, EventStore& events) const {
  Decision decision;
  if (const auto* request = std::get_if<PutRequest>(&submission.what)) {
    decision.outcome = events.put(*request->event, clock_.unix_now());
    decision.seq = events.last_seq();
  } else {
    decision.applied = apply_update(std::get<Update>(submission.what), txn);
  }
  return decision;
}

bool Writer::apply_update(const Update& update, WriteTxn& txn) const {
  auto nested = txn.begin_nested();
  if (!nested) return false;
  return update.apply(nested.value()) && nested.value().commit().has_value();
}

bool Writer::take_more(Batch& batch, SteadyTime began, std::size_t bytes) {
  const std::size_t before = batch.submissions.size();
  if (before >= options_.batch_max_events || bytes >= options_.batch_max_bytes) return false;
  if (clock_.now() - began >= options_.batch_window || queue_.size() == 0) return false;
  const std::size_t most = std::min(kChunk, options_.batch_max_events - before);
  queue_.pop_batch(batch.submissions, most, std::chrono::steady_clock::now());
  return batch.submissions.size() > before;
}

void Writer::finish(const Batch& batch) {
  last_seq_.store(batch.last_seq, std::memory_order_release);
  count(batch);

  auto committed = std::make_shared<CommitBatch>();
  for (std::size_t i = 0; i < batch.submissions.size(); ++i) {
    const auto* request = std::get_if<PutRequest>(&batch.submissions[i].what);
    if (request == nullptr || batch.decisions[i].outcome != PutOutcome::stored) continue;
    committed->events.push_back({batch.decisions[i].seq, request->origin, request->event});
  }
  if (!committed->events.empty()) feed_.publish(committed);

  for (std::size_t i = 0; i < batch.submissions.size(); ++i) {
    const Decision& decision = batch.decisions[i];
    if (const auto* request = std::get_if<PutRequest>(&batch.submissions[i].what)) {
      if (request->done) request->done(decision.outcome);
    } else if (const auto& update = std::get<Update>(batch.submissions[i].what); update.done) {
      update.done(decision.applied);
    }
  }
}

void Writer::fail(const Batch& batch, const StorageFailure& failure) {
  const PutOutcome outcome =
      failure.error == StorageError::map_full ? PutOutcome::failed_map_full : PutOutcome::failed_io;
  for (const Submission& submission : batch.submissions) {
    if (const auto* request = std::get_if<PutRequest>(&submission.what)) {
      if (request->done) request->done(outcome);
    } else if (const auto& update = std::get<Update>(submission.what); update.done) {
      update.done(false);
    }
  }
}

void Writer::count(const Batch& batch) const {
  const SteadyTime now = clock_.now();
  std::size_t stored = 0;
  for (std::size_t i = 0; i < batch.submissions.size(); ++i) {
    metrics_.queue_wait_seconds.observe(seconds_between(batch.submissions[i].submitted_at, now));
    const bool is_event = std::holds_alternative<PutRequest>(batch.submissions[i].what);
    if (is_event && batch.decisions[i].outcome == PutOutcome::stored) ++stored;
  }
  if (stored > 0) metrics_.write_batch_events.observe(static_cast<double>(stored));
  for (std::size_t cause = 0; cause < batch.deleted.size(); ++cause) {
    metrics_.deleted[cause].add(batch.deleted[cause]);
  }
  metrics_.queue_depth.set(static_cast<std::int64_t>(queue_.size()));
}

void Writer::complain(const StorageFailure& failure, std::size_t submissions) {
  const SteadyTime now = clock_.now();
  if (now < next_complaint_) return;
  next_complaint_ = now + kComplaintInterval;
  log::error("storage", "a batch could not be written; its parts are tried alone",
             {{"error", describe(failure.error)}, {"detail", failure.detail}, {"submissions", submissions}});
}

bool Writer::erase_expired() {
  const UnixSeconds now = clock_.unix_now();
  {
    auto read = env_.read();
    if (!read) return false;
    Cursor cursor(read.value(), env_.tables()[Table::expiry]);
    if (!cursor.first() || cursor.key() > expiry_key(now).view()) return false;
  }
  auto begun = env_.write();
  if (!begun) return false;
  EventStore events(begun.value(), last_seq());
  const std::size_t erased = events.erase_expired(now, options_.expire_max_events);
  events.flush();
  if (const auto committed = begun.value().commit(); !committed) {
    complain(committed.error(), 0);
    return false;
  }
  for (std::size_t cause = 0; cause < events.deleted().size(); ++cause) {
    metrics_.deleted[cause].add(events.deleted()[cause]);
  }
  return erased == options_.expire_max_events;
}

}  // namespace pharos::storage
