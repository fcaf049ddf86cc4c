// A sequence of puts, commits, expiries, merges and sliced queries against the naive store. The input makes every
// random choice of tests/support/random_events.h. One environment serves all inputs and is emptied between them.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "storage/check.h"
#include "storage/query.h"
#include "support/database.h"
#include "support/naive_store.h"
#include "support/random_events.h"
#include "util/check.h"

namespace pharos::storage {
namespace {

constexpr std::size_t kMaxSteps = 300;

class Run {
 public:
  Run(test::Database& database, std::span<const std::uint8_t> input)
      : database_(database), random_(input), events_(random_, shape()) {
    now_ = shape().start + 10;
  }

  void go() {
    for (std::size_t step = 0; step < kMaxSteps && !random_.empty(); ++step) {
      switch (random_.below(9)) {
        case 0:
          expire();
          break;
        case 1:
          ask();
          break;
        case 2:
          random_.below(2) == 0 ? database_.freeze() : database_.merge();
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
  void write(std::uint64_t count) {
    std::vector<Event> events;
    for (; count > 0; --count) events.push_back(events_.event());
    if (random_.below(16) == 0) return database_.put_in_vain(events, now_);
    const std::vector<PutOutcome> outcomes = database_.put_all(events, now_);
    for (std::size_t i = 0; i < events.size(); ++i) PHAROS_FATAL_CHECK(outcomes[i] == naive_.put(events[i], now_));
  }

  void expire() {
    now_ += static_cast<UnixSeconds>(random_.below(6));
    database_.erase_expired(now_, 1000);
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
      end = query.run_slice(database_.store(), now_, budget, [&](const RecordView& record) {
        record.decode(event);
        PHAROS_FATAL_CHECK(given < expected.size() && event == *expected[given]);
        ++given;
        return given % 5 != 0;
      });
      if (given % 3 == 0) query.park();
    }
    PHAROS_FATAL_CHECK(end == SliceEnd::finished && given == expected.size());
  }

  void check() {
    database_.merge();
    const auto txn = database_.read();
    const auto report = check_database(txn, database_.tables(), {}, {});
    PHAROS_FATAL_CHECK(report.has_value() && report.value().events == naive_.held().size());
    // The ids are random bytes, not hashes.
    const std::uint64_t ids = report.value().counts[static_cast<std::size_t>(Contradiction::wrong_id)];
    PHAROS_FATAL_CHECK(report.value().total() == ids);
  }

  test::Database& database_;
  test::BytesRandom random_;
  test::RandomEvents events_;
  test::NaiveStore naive_;
  ManualClock clock_;
  UnixSeconds now_;
};

}  // namespace
}  // namespace pharos::storage

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static pharos::test::Database database;
  database.merge_at_once = false;
  database.clear();
  pharos::storage::Run(database, {data, size}).go();
  return 0;
}
