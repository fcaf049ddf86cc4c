#include "storage/store.h"

#include <atomic>
#include <optional>
#include <utility>

#include "storage/commit_feed.h"
#include "storage/env.h"
#include "storage/lookup.h"
#include "storage/meta.h"
#include "storage/writer.h"

namespace pharos::storage {
namespace {

class LmdbStore final : public Store {
 public:
  LmdbStore(std::unique_ptr<Env> env, const StoreOptions& options, const Clock& clock,
            const metrics::StorageMetrics& metrics, Seq last_seq)
      : env_(std::move(env)), last_seq_at_open_(last_seq) {
    if (!env_->read_only()) writer_.emplace(*env_, feed_, clock, options, metrics, last_seq);
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
  const Tables& tables() const override { return env_->tables(); }
  CommitFeed& feed() override { return feed_; }
  Seq last_seq() const override { return writer_ ? writer_->last_seq() : last_seq_at_open_; }
  Origin allocate_origin() override { return next_origin_.fetch_add(1, std::memory_order_relaxed); }

  bool contains(const EventId& id) const override {
    const auto txn = env_->read();
    return txn && find_record(txn.value(), env_->tables(), id).has_value();
  }

  void stop() override {
    if (!writer_) return;
    writer_->stop();
    // Only a bulk import leaves something to flush.
    static_cast<void>(env_->sync());
  }

 private:
  std::unique_ptr<Env> env_;
  CommitFeed feed_;
  const Seq last_seq_at_open_;
  std::atomic<Origin> next_origin_{kLocalOrigin + 1};
  std::optional<Writer> writer_;
};

}  // namespace

Result<std::unique_ptr<Store>, StorageFailure> Store::open(const StoreOptions& options, const Clock& clock,
                                                           const metrics::StorageMetrics& metrics) {
  EnvOptions env_options;
  env_options.directory = options.directory;
  env_options.map_size_bytes = options.map_size_bytes;
  env_options.max_readers = options.max_readers;
  env_options.sync_to_disk = options.sync_to_disk;
  env_options.read_only = options.read_only;
  PHAROS_TRY(auto env, Env::open(env_options));
  Seq last_seq = 0;
  {
    PHAROS_TRY(const auto txn, env->read());
    last_seq = read_last_seq(txn, env->tables());
  }
  return std::unique_ptr<Store>(new LmdbStore(std::move(env), options, clock, metrics, last_seq));
}

}  // namespace pharos::storage
