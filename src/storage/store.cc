#include "storage/store.h"

#include <atomic>
#include <optional>
#include <utility>

#include "storage/commit_feed.h"
#include "storage/env.h"
#include "storage/meta.h"
#include "storage/recovery.h"
#include "storage/reserve.h"
#include "storage/snapshot.h"
#include "storage/sweeper.h"
#include "storage/word_index.h"
#include "storage/writer.h"
#include "util/log.h"

namespace pharos::storage {
namespace {

class LmdbStore final : public Store {
 public:
  LmdbStore(std::unique_ptr<Env> env, Recovered recovered, std::shared_ptr<WordIndexProgress> words,
            const StoreOptions& options, const Clock& clock, const metrics::StorageMetrics& metrics, Files& files,
            const std::vector<Vanished>& vanished)
      : env_(std::move(env)), last_seq_at_open_(recovered.last_seq), words_(std::move(words)) {
    for (auto& memtable : recovered.memtables) memtables_.push(std::move(memtable));
    if (env_->read_only()) return;
    merger_.emplace(*env_, memtables_, files, block_profile(options.compression_level), reserve_bytes(options), words_,
                    clock, metrics);
    if (options.durability != Durability::at_stop) sweeper_.emplace(*this, clock);
    const auto on_vanished = [this](const Vanished& one, Callback<void(PutOutcome)>& done) {
      return sweeper_ && sweeper_->submit(one, done);
    };
    writer_.emplace(Writer::Parts{*env_, memtables_, *merger_, files, feed_, clock, on_vanished}, options, metrics,
                    recovered.last_seq, recovered.next_generation);
    if (!sweeper_) return;
    // What the last stop interrupted, or came by an import. What is erased already costs a look.
    for (const Vanished& one : vanished) sweeper_->submit(one);
    sweeper_->start();
  }
  ~LmdbStore() override { stop(); }

  bool submit(PutRequest&& request) override { return writer_ && writer_->submit(std::move(request)); }
  bool submit_erase(EraseRequest&& request) override { return writer_ && writer_->submit_erase(std::move(request)); }
  bool sweep(Sweep&& sweep) override { return sweeper_ && sweeper_->submit(std::move(sweep)); }
  bool submit_update(std::function<bool(WriteTxn&)> apply, std::function<void(bool)> done) override {
    return writer_ && writer_->submit_update(std::move(apply), std::move(done));
  }

  void publish_ephemeral(EventPtr event, Origin origin) override {
    auto batch = std::make_shared<CommitBatch>();
    batch->events.push_back({0, origin, std::move(event)});
    feed_.publish(batch);
  }

  Result<ReadTxn, StorageFailure> read() const override { return env_->read(); }
  Result<Snapshot, StorageFailure> snapshot() const override {
    // In this order nothing that is committed now can be missing.
    const Seq as_of = last_seq();
    auto memtables = memtables_.current();
    PHAROS_TRY(auto txn, env_->read());
    return Snapshot(std::move(txn), env_->tables(), std::move(memtables), as_of);
  }
  const Tables& tables() const override { return env_->tables(); }
  CommitFeed& feed() override { return feed_; }
  Seq last_seq() const override { return writer_ ? writer_->last_seq() : last_seq_at_open_; }
  std::shared_ptr<const WordIndexProgress> word_index() const override { return words_; }
  Origin allocate_origin() override { return next_origin_.fetch_add(1, std::memory_order_relaxed); }

  bool contains(const EventId& id) const override {
    const auto now = snapshot();
    return now && now.value().find(id).has_value();
  }

  std::uint64_t merge_soon() override { return writer_ ? writer_->merge_soon() : 0; }

  Result<void, StorageFailure> compact(CompactionDone done) override {
    if (!merger_) return StorageFailure{StorageError::locked, "the database is open for reading only"};
    PHAROS_TRYV(merger_->announce_compaction(std::move(done)));
    // What was erased lies in memory as long as there is room: the batch that this makes begins another memtable.
    writer_->merge_soon();
    EraseRequest nothing;
    nothing.done = [this](std::optional<std::size_t>) { merger_->begin_compaction(); };
    if (!writer_->submit_erase(std::move(nothing))) merger_->begin_compaction();
    return success();
  }
  void give_up_compaction() override {
    if (merger_) merger_->give_up_compaction();
  }

  bool is_full() const override { return memtables_.is_full(); }
  bool is_failing() const override { return writer_ && (writer_->is_failing() || memtables_.is_stuck()); }

  void stop() override {
    if (!writer_) return;
    // The writer may wait for the merger, which takes nothing up while it compacts.
    give_up_compaction();
    if (sweeper_) sweeper_->stop();
    writer_->stop();
    merger_->stop();
  }

  bool is_merged() const override { return memtables_.current()->empty(); }

 private:
  std::unique_ptr<Env> env_;
  CommitFeed feed_;
  Memtables memtables_;
  const Seq last_seq_at_open_;
  const std::shared_ptr<WordIndexProgress> words_;
  std::atomic<Origin> next_origin_{kLocalOrigin + 1};
  std::optional<Merger> merger_;
  std::optional<Sweeper> sweeper_;
  std::optional<Writer> writer_;
};

}  // namespace

Result<std::unique_ptr<Store>, StorageFailure> Store::open(const StoreOptions& given, const Clock& clock,
                                                           const metrics::StorageMetrics& metrics) {
  StoreOptions options = given;
  EnvOptions env_options;
  env_options.directory = options.directory;
  env_options.map_size_bytes = options.map_size_bytes;
  env_options.max_readers = options.max_readers;
  env_options.searched = options.searched;
  env_options.unpacked_bytes = options.unpacked_bytes;
  env_options.read_only = options.read_only;
  Files& files = options.files != nullptr ? *options.files : system_files();
  std::unique_ptr<Env> env;
  Recovered recovered;
  // Logs are merged into the newest file and removed: beside a process that compacts, those that an older file lacks
  // may be gone.
  do {
    env.reset();
    PHAROS_TRY(env, Env::open(env_options));
    PHAROS_TRY(recovered, recover(*env, files));
  } while (options.read_only && !env->is_newest());
  options.map_size_bytes = env->map_bytes();
  options.memtable_bytes = memtable_bytes(options);
  std::vector<Vanished> vanished;
  if (!options.read_only) {
    PHAROS_TRY(vanished, list_vanished(*env, recovered));
  }
  std::shared_ptr<WordIndexProgress> words;
  {
    PHAROS_TRY(const auto txn, env->read());
    if (const auto state = read_word_index(txn, env->tables())) words = std::make_shared<WordIndexProgress>(*state);
  }
  return std::unique_ptr<Store>(
      new LmdbStore(std::move(env), std::move(recovered), std::move(words), options, clock, metrics, files, vanished));
}

}  // namespace pharos::storage
