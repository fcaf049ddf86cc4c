// A sequence of puts, commits, expiries and sliced queries against the naive store. The input makes every random choice
// of tests/support/random_events.h. One environment serves all inputs and is emptied between them.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <lmdb.h>

#include "storage/check.h"
#include "storage/commit_feed.h"
#include "storage/env.h"
#include "storage/event_store.h"
#include "storage/query.h"
#include "support/naive_store.h"
#include "support/random_events.h"
#include "support/temp_dir.h"
#include "util/check.h"

namespace pharos::storage {
namespace {

constexpr std::size_t kMaxSteps = 300;

// What queries read from.
class EnvStore final : public Store {
 public:
  EnvStore() {
    auto env = Env::open({.directory = directory_.path(), .map_size_bytes = 1U << 28U, .sync_to_disk = false});
    PHAROS_FATAL_CHECK(env.has_value());
    env_ = std::move(env.value());
  }

  WriteTxn write() { return std::move(env_->write().value()); }

  void clear() {
    WriteTxn txn = write();
    for (const TableSpec& table : kTableSpecs) {
      if (table.table == Table::meta) continue;
      PHAROS_FATAL_CHECK(mdb_drop(txn.handle(), tables()[table.table], 0) == MDB_SUCCESS);
    }
    PHAROS_FATAL_CHECK(txn.commit().has_value());
  }

  Result<ReadTxn, StorageFailure> read() const override { return env_->read(); }
  const Tables& tables() const override { return env_->tables(); }

  bool submit(PutRequest&&) override { return false; }
  bool submit_update(std::function<bool(WriteTxn&)>, std::function<void(bool)>) override { return false; }
  void publish_ephemeral(EventPtr, Origin) override {}
  CommitFeed& feed() override { return feed_; }
  Seq last_seq() const override { return 0; }
  Origin allocate_origin() override { return 1; }
  bool contains(const EventId&) const override { return false; }
  void stop() override {}

 private:
  testing::TempDir directory_;
  std::unique_ptr<Env> env_;
  CommitFeed feed_;
};

class Run {
 public:
  Run(EnvStore& store, std::span<const std::uint8_t> input) : store_(store), random_(input), events_(random_, shape()) {
    now_ = shape().start + 10;
  }

  void go() {
    for (std::size_t step = 0; step < kMaxSteps && !random_.empty(); ++step) {
      switch (random_.below(8)) {
        case 0:
          expire();
          break;
        case 1:
          ask();
          break;
        default:
          write(1 + random_.below(6));
      }
    }
    ask();
    check();
  }

 private:
  static test::EventShape shape() {
    test::EventShape shape;
    shape.authors = 4;
    shape.seconds = 20;
    shape.kinds = {0, 1, 5, 1059, 10002, 30023};
    shape.max_tags = 3;
    return shape;
  }

  // One batch.
  void write(std::uint64_t events) {
    WriteTxn txn = store_.write();
    EventStore target(txn, naive_.last_seq());
    for (; events > 0; --events) {
      const Event event = events_.event();
      PHAROS_FATAL_CHECK(target.put(event, now_) == naive_.put(event, now_));
      PHAROS_FATAL_CHECK(target.last_seq() == naive_.last_seq());
    }
    PHAROS_FATAL_CHECK(target.flush() && txn.commit().has_value());
  }

  void expire() {
    now_ += static_cast<UnixSeconds>(random_.below(6));
    WriteTxn txn = store_.write();
    EventStore target(txn, naive_.last_seq());
    target.erase_expired(now_, 1000);
    PHAROS_FATAL_CHECK(target.flush() && txn.commit().has_value());
    naive_.erase_expired(now_);
  }

  void ask() {
    test::NaiveQuery question;
    question.filters = events_.filters();
    question.now = now_;
    QueryOptions options;
    options.max_limit = question.max_limit = 1 + random_.below(40);
    const std::size_t records = 1 + random_.below(20);
    Query query(question.filters, options);
    const std::vector<const Event*> expected = naive_.query(question);
    std::size_t given = 0;
    Event event;
    SliceEnd end = SliceEnd::more;
    while (end == SliceEnd::more) {
      TimeBudget budget(clock_, std::chrono::hours(1), records);
      end = query.run_slice(store_, now_, budget, [&](const RecordView& record) {
        record.decode(event);
        PHAROS_FATAL_CHECK(given < expected.size() && event == *expected[given]);
        ++given;
        return given % 5 != 0;
      });
    }
    PHAROS_FATAL_CHECK(end == SliceEnd::finished && given == expected.size());
  }

  void check() {
    const auto txn = store_.read();
    PHAROS_FATAL_CHECK(txn.has_value());
    const auto report = check_database(txn.value(), store_.tables(), {}, {});
    PHAROS_FATAL_CHECK(report.has_value() && report.value().events == naive_.held().size());
    // The ids are random bytes, not hashes.
    const std::uint64_t ids = report.value().counts[static_cast<std::size_t>(Contradiction::wrong_id)];
    PHAROS_FATAL_CHECK(report.value().total() == ids);
  }

  EnvStore& store_;
  test::BytesRandom random_;
  test::RandomEvents events_;
  test::NaiveStore naive_;
  ManualClock clock_;
  UnixSeconds now_;
};

}  // namespace
}  // namespace pharos::storage

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static pharos::storage::EnvStore store;
  store.clear();
  pharos::storage::Run(store, {data, size}).go();
  return 0;
}
