#include "storage/merger.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "storage/compaction.h"
#include "storage/info.h"
#include "storage/merge_memtable.h"
#include "storage/meta.h"
#include "storage/wal.h"
#include "util/log.h"
#include "util/worker_pool.h"

namespace pharos::storage {
namespace {

constexpr std::size_t kMaxUpdates = 16'384;
constexpr std::chrono::seconds kRetryInterval{1};
constexpr std::chrono::seconds kComplaintInterval{10};
// What is merged or updated waits for one batch.
constexpr std::size_t kRecordsABatch = 10'000;
constexpr std::chrono::seconds kProgressInterval{10};
constexpr std::string_view kLostUpdates = "the router's and the monitor's notes cannot be written";

}  // namespace

Merger::Merger(Env& env, Memtables& memtables, Files& files, const BlockProfile& profile, std::uint64_t reserve_bytes,
               std::shared_ptr<WordIndexProgress> words, const Clock& clock, const metrics::StorageMetrics& metrics)
    : env_(env),
      memtables_(memtables),
      files_(files),
      profile_(profile),
      reserve_bytes_(reserve_bytes),
      words_(std::move(words)),
      clock_(clock),
      metrics_(metrics) {
  metrics_.merger_capacity.set(static_cast<std::int64_t>(kMaxUpdates));
  if (words_) metrics_.search_index_left.set(static_cast<std::int64_t>(words_->left()));
  Lock lock(stop_mutex_);
  thread_ = std::thread([this] {
    set_thread_name("merger");
    run();
  });
}

Merger::~Merger() { stop(); }

void Merger::wake() {
  {
    Lock lock(mutex_);
    awake_ = true;
  }
  changed_.notify_one();
}

bool Merger::submit(Update&& update) {
  {
    Lock lock(mutex_);
    if (stopping_ || updates_.size() >= kMaxUpdates) return false;
    updates_.push_back(std::move(update));
    metrics_.merger_depth.set(static_cast<std::int64_t>(updates_.size()));
    awake_ = true;
  }
  changed_.notify_one();
  return true;
}

Result<void, StorageFailure> Merger::announce_compaction(CompactionDone done) {
  PHAROS_TRYV(expect_room_to_compact(env_));
  Lock lock(mutex_);
  if (no_compaction_) return StorageFailure{StorageError::locked, "the database is closing"};
  if (compacting_) return StorageFailure{StorageError::locked, "a compaction is under way"};
  compacting_ = true;
  compaction_ = std::move(done);
  return success();
}

void Merger::begin_compaction() {
  {
    Lock lock(mutex_);
    compact_now_ = true;
    awake_ = true;
  }
  changed_.notify_one();
}

void Merger::give_up_compaction() {
  Lock lock(mutex_);
  no_compaction_ = true;
}

void Merger::run_compaction(const CompactionDone& done) {
  const SteadyTime began = clock_.now();
  auto compacted = storage::compact(env_, files_, [this] {
    Lock lock(mutex_);
    return no_compaction_;
  });
  if (compacted) {
    log::info("storage", "compacted the database",
              {{"before_bytes", compacted.value().before_bytes},
               {"after_bytes", compacted.value().after_bytes},
               {"ms", std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now() - began).count()}});
    metrics_.compaction_success_timestamp.set(clock_.unix_now());
  } else if (compacted.error().error == StorageError::locked) {
    log::info("storage", "the compaction was given up, the database stays as it was");
  } else {
    log::error("storage", "the database could not be compacted, it stays as it was",
               {{"error", describe(compacted.error().error)}, {"detail", compacted.error().detail}});
  }
  {
    Lock lock(mutex_);
    compacting_ = false;
    compact_now_ = false;
  }
  if (done) done(std::move(compacted));
}

void Merger::stop() {
  {
    Lock lock(mutex_);
    no_compaction_ = true;
    stopping_ = true;
  }
  changed_.notify_one();
  Lock lock(stop_mutex_);
  if (thread_.joinable()) thread_.join();
}

void Merger::run() {
  follow_up();
  look_for_room();
  bool stuck = false;
  while (true) {
    std::deque<Update> updates;
    bool stopping = false;
    CompactionDone compaction;
    bool compact_now = false;
    {
      Lock lock(mutex_);
      const auto retry = std::chrono::steady_clock::now() + kRetryInterval;
      while (!awake_ && !stopping_) {
        if (!stuck && builds_words()) break;
        if (!stuck) {
          lock.wait(changed_);
        } else if (lock.wait_until(changed_, retry) == std::cv_status::timeout) {
          break;
        }
      }
      awake_ = false;
      stopping = stopping_;
      updates.swap(updates_);
      compact_now = compacting_ && (compact_now_ || stopping_);
      if (compact_now) compaction.swap(compaction_);
      metrics_.merger_depth.set(0);
    }
    if (!updates.empty()) apply_updates(updates);
    stuck = !merge_all(stopping);
    memtables_.set_stuck(stuck);
    if (compact_now) {
      run_compaction(compaction);
      look_for_room();
    }
    if (stopping) return;
    if (!stuck && builds_words()) {
      stuck = !build_words();
      look_for_room();
    }
  }
}

bool Merger::build_words() {
  const auto state = index_more_words(env_, kRecordsABatch);
  if (!state) {
    complain("the index for search cannot be built on", state.error());
    return false;
  }
  words_->move_on(state.value());
  metrics_.search_index_left.set(static_cast<std::int64_t>(words_->left()));
  follow_up();
  if (words_->is_complete()) {
    log::info("storage", "the index for search is complete", {{"events_up_to", state.value().until}});
  } else if (clock_.now() >= next_progress_) {
    next_progress_ = clock_.now() + kProgressInterval;
    log::info("storage", "building the index for search",
              {{"done_up_to", state.value().built}, {"events_up_to", state.value().until}});
  }
  return true;
}

bool Merger::merge_all(bool active_too) {
  // One after the other may find room where all of them do not.
  if (active_too && merge_together()) return true;
  while (const std::shared_ptr<Memtable> memtable = memtables_.oldest_frozen(active_too)) {
    if (const auto merged = merge({memtable}); !merged) {
      complain("the database cannot be written; what is in the log stays there", merged.error());
      return false;
    }
    forget(*memtable);
    if (!active_too) follow_up();
    look_for_room();
  }
  return true;
}

Result<void, StorageFailure> Merger::merge_together() {
  const auto list = memtables_.current();
  const Memtables::List oldest_first(list->rbegin(), list->rend());
  PHAROS_TRYV(merge(oldest_first));
  for (const auto& memtable : oldest_first) forget(*memtable);
  return success();
}

void Merger::forget(const Memtable& merged) {
  memtables_.drop(merged.generation());
  metrics_.memtables.set(static_cast<std::int64_t>(memtables_.current()->size()));
  const auto removed = files_.remove(wal_path(env_.directory(), merged.generation()));
  // It is looked at and removed at the next start.
  if (!removed) complain("a log that is done with cannot be removed", removed.error());
}

Result<void, StorageFailure> Merger::merge(const Memtables::List& oldest_first) {
  if (std::ranges::all_of(oldest_first, [](const auto& memtable) { return memtable->empty(); })) return success();
  const SteadyTime began = clock_.now();
  PHAROS_TRY(auto txn, env_.write());
  for (const auto& memtable : oldest_first) {
    // A commit that was said to have failed may have taken effect.
    if (memtable->empty() || read_merged_generation(txn, env_.tables()) >= memtable->generation()) continue;
    if (!merge_memtable(txn, *memtable, profile_)) return txn.failure();
  }
  PHAROS_TRYV(txn.commit());
  metrics_.merge_seconds.observe(std::chrono::duration<double>(clock_.now() - began).count());
  return success();
}

void Merger::follow_up() {
  const SteadyTime began = clock_.now();
  const auto aged = age_indexes(env_, [this] {
    Lock lock(mutex_);
    return stopping_;
  });
  if (!aged) complain("entries of an index cannot be moved to its old level", aged.error());
  metrics_.ageing_seconds.observe(std::chrono::duration<double>(clock_.now() - began).count());
  if (const auto passed = pass_a_commit(); !passed) complain("the commit behind a merge failed", passed.error());
}

void Merger::look_for_room() {
  const auto txn = env_.read();
  if (!txn) return;
  const std::uint64_t room = room_bytes(txn.value(), reserve_bytes_);
  const bool is_full = room < reserve_bytes_;
  const bool was_full = memtables_.is_full();
  // Requests may promise room and make none: what the operator erases has the other half for itself.
  const Room kept = !is_full ? Room::for_all : room >= reserve_bytes_ / 2 ? Room::for_requests : Room::for_erasures;
  if (!memtables_.set_room(kept)) return;
  if (kept == Room::for_erasures) {
    log::error("storage", "the database is full: until there is room nothing is taken, only erased",
               {{"free_bytes", room}, {"reserved_bytes", reserve_bytes_}});
  } else if (!is_full) {
    log::info("storage", "the database has room again", {{"free_bytes", room}});
  } else if (!was_full) {
    log::error("storage", "the database is full: until there is room only what makes room is taken",
               {{"free_bytes", room}, {"reserved_bytes", reserve_bytes_}});
  }
}

Result<void, StorageFailure> Merger::pass_a_commit() {
  PHAROS_TRY(auto txn, env_.write());
  write_merged_generation(txn, read_merged_generation(txn, env_.tables()));
  return txn.commit();
}

bool Merger::apply_together(const std::deque<Update>& updates, std::vector<bool>& applied) {
  auto begun = env_.write();
  if (!begun) {
    complain(kLostUpdates, begun.error());
    return false;
  }
  WriteTxn& txn = begun.value();
  for (const Update& update : updates) {
    auto nested = txn.begin_nested();
    applied.push_back(nested && update.apply(nested.value()) && nested.value().commit().has_value());
  }
  const auto committed = txn.commit();
  if (!committed) complain(kLostUpdates, committed.error());
  return committed.has_value();
}

void Merger::apply_updates(std::deque<Update>& updates) {
  std::vector<bool> applied;
  if (!apply_together(updates, applied)) {
    // A small one may still find room where a large one did not.
    applied.clear();
    for (const Update& update : updates) {
      std::vector<bool> alone;
      applied.push_back(updates.size() > 1 && apply_together({update}, alone) && alone.front());
    }
  }
  for (std::size_t i = 0; i < updates.size(); ++i) {
    if (updates[i].done) updates[i].done(applied[i]);
  }
}

void Merger::complain(std::string_view what, const StorageFailure& failure) {
  const SteadyTime now = clock_.now();
  if (now < next_complaint_) return;
  next_complaint_ = now + kComplaintInterval;
  log::error("storage", what, {{"error", describe(failure.error)}, {"detail", failure.detail}});
}

}  // namespace pharos::storage
