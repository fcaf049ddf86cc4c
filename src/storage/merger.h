// The one thread that writes to LMDB while the store is open: merges frozen memtables, oldest first, and applies the
// updates of other tables between them. A merged memtable's log is removed. After each, and at the start for the one
// that the last stop merged, it moves part of the indexes' young levels into the old ones (index_ageing.h).
//
// It brings what the index by word lacks into it (word_index.h), a batch at a time, when there is nothing else to do or
// between two merges.
//
// It also compacts the database when it is asked to: as the one writer it knows that nothing is written meanwhile.
//
// When LMDB cannot be written (the map or the disk is full) it tries again, and again, until there is room; meanwhile
// memtables pile up to Memtables::kMaxFrozen and then the writer refuses.
#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <thread>

#include "metrics/storage_metrics.h"
#include "storage/env.h"
#include "storage/event_block_writer.h"
#include "storage/files.h"
#include "storage/index_ageing.h"
#include "storage/memtables.h"
#include "storage/store.h"
#include "storage/word_index.h"
#include "util/clock.h"
#include "util/sync.h"

namespace pharos::storage {

struct Update {
  std::function<bool(WriteTxn&)> apply;
  std::function<void(bool)> done;
};

class Merger {
 public:
  // Starts the thread. All outlive it; env is open for writing. words: nullptr where there is no index by word. With
  // less room in the map than the reserve the memtables are told that the database is full.
  Merger(Env& env, Memtables& memtables, Files& files, const BlockProfile& profile, std::uint64_t reserve_bytes,
         std::shared_ptr<WordIndexProgress> words, const Clock& clock, const metrics::StorageMetrics& metrics);
  // stop()
  ~Merger();
  Merger(const Merger&) = delete;
  Merger& operator=(const Merger&) = delete;

  // Any thread. The thread looks for what is frozen.
  void wake();
  // Any thread. False, and the update untouched, while too many wait.
  bool submit(Update&& update);
  // Store::compact(), to begin once begin_compaction() says that what it is to be without is frozen. Any thread.
  Result<void, StorageFailure> announce_compaction(CompactionDone done);
  // Any thread.
  void begin_compaction();
  // As Store::give_up_compaction(). Any thread.
  void give_up_compaction();
  // Merges what is left, the active memtable too, tries once where that fails, and ends the thread. Nothing is added to
  // the memtables any more.
  void stop();

 private:
  void run();
  // False when a memtable could not be merged.
  bool merge_all(bool active_too);
  // All that are left in one transaction, which is flushed once.
  Result<void, StorageFailure> merge_together();
  void forget(const Memtable& merged);
  Result<void, StorageFailure> merge(const Memtables::List& oldest_first);
  // LMDB gives a page out again two commits after the one that freed it. With a small commit between two merges the
  // second takes the pages that the first freed; the file would grow by as many otherwise.
  Result<void, StorageFailure> pass_a_commit();
  // Ages the indexes and passes a commit.
  void follow_up();
  void look_for_room();
  void apply_updates(std::deque<Update>& updates);
  // Not with the room that is kept for what makes room.
  bool builds_words() const { return words_ && !words_->is_complete() && !memtables_.is_full(); }
  // A batch. False when it failed.
  bool build_words();
  void run_compaction(const CompactionDone& done);
  // Whether the updates are durable; applied[i] tells which took effect.
  bool apply_together(const std::deque<Update>& updates, std::vector<bool>& applied);
  void complain(std::string_view what, const StorageFailure& failure);

  Env& env_;
  Memtables& memtables_;
  Files& files_;
  const BlockProfile profile_;
  const std::uint64_t reserve_bytes_;
  const std::shared_ptr<WordIndexProgress> words_;
  const Clock& clock_;
  const metrics::StorageMetrics metrics_;
  SteadyTime next_progress_{};   // own thread
  SteadyTime next_complaint_{};  // own thread

  Mutex mutex_;
  std::condition_variable changed_;
  bool awake_ PHAROS_GUARDED_BY(mutex_) = true;
  bool stopping_ PHAROS_GUARDED_BY(mutex_) = false;
  std::deque<Update> updates_ PHAROS_GUARDED_BY(mutex_);
  CompactionDone compaction_ PHAROS_GUARDED_BY(mutex_);   // asked for
  bool compacting_ PHAROS_GUARDED_BY(mutex_) = false;     // from the asking to the end
  bool compact_now_ PHAROS_GUARDED_BY(mutex_) = false;    // it may begin
  bool no_compaction_ PHAROS_GUARDED_BY(mutex_) = false;  // none any more

  Mutex stop_mutex_;
  std::thread thread_ PHAROS_GUARDED_BY(stop_mutex_);
};

}  // namespace pharos::storage
