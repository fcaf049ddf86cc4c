#include "storage/store.h"

#include <atomic>
#include <optional>
#include <utility>

#include "storage/commit_feed.h"
#include "storage/env.h"
#include "storage/meta.h"
#include "storage/recovery.h"
#include "storage/snapshot.h"
#include "storage/writer.h"
#include "util/log.h"

namespace pharos::storage {
namespace {

class LmdbStore final : public Store {
 public:
  LmdbStore(std::unique_ptr<Env> env, Recovered recovered, const StoreOptions& options, const Clock& clock,
            const metrics::StorageMetrics& metrics, Files& files)
      : env_(std::move(env)), last_seq_at_open_(recovered.last_seq) {
    for (auto& memtable : recovered.memtables) memtables_.push(std::move(memtable));
    if (env_->read_only()) return;
    merger_.emplace(*env_, memtables_, files, block_profile(options.compression_level), clock, metrics);
    writer_.emplace(Writer::Parts{*env_, memtables_, *merger_, files, feed_, clock}, options, metrics,
                    recovered.last_seq, recovered.next_generation);
  }
  ~LmdbStore() override { stop(); }

  bool submit(PutRequest&& request) override { return writer_ && writer_->submit(std::move(request)); }
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
  Origin allocate_origin() override { return next_origin_.fetch_add(1, std::memory_order_relaxed); }

  bool contains(const EventId& id) const override {
    const auto now = snapshot();
    return now && now.value().find(id).has_value();
  }

  Result<void, StorageFailure> compact(CompactionDone done) override {
    if (!merger_) return StorageFailure{StorageError::locked, "the database is open for reading only"};
    return merger_->compact(std::move(done));
  }
  void give_up_compaction() override {
    if (merger_) merger_->give_up_compaction();
  }

  bool is_failing() const override { return writer_ && (writer_->is_failing() || memtables_.is_stuck()); }

  void stop() override {
    if (!writer_) return;
    // The writer may wait for the merger, which takes nothing up while it compacts.
    give_up_compaction();
    writer_->stop();
    merger_->stop();
  }

  bool is_merged() const override { return memtables_.current()->empty(); }

 private:
  std::unique_ptr<Env> env_;
  CommitFeed feed_;
  Memtables memtables_;
  const Seq last_seq_at_open_;
  std::atomic<Origin> next_origin_{kLocalOrigin + 1};
  std::optional<Merger> merger_;
  std::optional<Writer> writer_;
};

}  // namespace

Result<std::unique_ptr<Store>, StorageFailure> Store::open(const StoreOptions& options, const Clock& clock,
                                                           const metrics::StorageMetrics& metrics) {
  EnvOptions env_options;
  env_options.directory = options.directory;
  env_options.map_size_bytes = options.map_size_bytes;
  env_options.max_readers = options.max_readers;
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
  return std::unique_ptr<Store>(new LmdbStore(std::move(env), std::move(recovered), options, clock, metrics, files));
}

}  // namespace pharos::storage
