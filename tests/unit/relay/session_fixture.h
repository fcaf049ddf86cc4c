// Sessions on a shard without sockets, threads or a database: the test is the loop, the pool and the writer.
#pragma once

#include <deque>
#include <new>

#include <gmock/gmock.h>

#include "ingest/sink.h"
#include "relay/fanout.h"
#include "relay/session.h"
#include "support/event_builder.h"
#include "support/fake_store.h"
#include "support/fake_ws_connection.h"

namespace pharos::relay {

class FakeLoop final : public Loop {
 public:
  void post(Task task) override { tasks_.push_back(std::move(task)); }
  void arm(std::chrono::milliseconds, std::function<void()> task) override { armed_ = std::move(task); }
  void run() {
    while (!tasks_.empty()) run_one();
  }
  void run_one() {
    const auto task = std::move(tasks_.front());
    tasks_.pop_front();
    task();
  }
  void expire() {
    if (const auto task = std::exchange(armed_, nullptr)) task();
    run();
  }
  bool is_armed() const { return armed_ != nullptr; }

 private:
  std::deque<Task> tasks_;
  std::function<void()> armed_;
};

class FakeSink final : public ingest::Sink {
 public:
  bool submit(ingest::Submission&& submission) override {
    if (is_full) return false;
    taken.push_back(std::move(submission));
    return true;
  }
  void count_refused(ingest::Source, ingest::Reason reason) override { refused.push_back(reason); }
  void settle(std::size_t i, ingest::Fate fate) { taken.at(i).done({fate, ingest::Reason::none, ""}); }

  bool is_full = false;
  std::vector<ingest::Submission> taken;
  std::vector<ingest::Reason> refused;
};

class FakeRunner final : public SliceRunner {
 public:
  bool run(std::shared_ptr<SlicedWork> scan, std::function<void(ScanSlice&&)> done) override {
    if (throws) throw std::bad_alloc();
    if (is_full) return false;
    requests.push_back({std::move(scan), std::move(done)});
    return true;
  }
  // Answers the i-th request with messages of that text.
  void answer(std::size_t i, storage::SliceEnd end, const std::vector<std::string>& messages = {}) {
    ScanSlice slice;
    slice.end = end;
    for (const std::string& message : messages) {
      slice.bytes += message;
      slice.ends.push_back(slice.bytes.size());
    }
    requests.at(i).done(std::move(slice));
  }

  struct Request {
    std::shared_ptr<SlicedWork> scan;
    std::function<void(ScanSlice&&)> done;
  };
  bool is_full = false;
  bool throws = false;
  std::vector<Request> requests;
};

class SessionFixture : public ::testing::Test {
 protected:
  static constexpr UnixSeconds kNow = 1'700'000'000;

  std::shared_ptr<test::FakeWsConnection> connect() {
    auto connection = std::make_shared<test::FakeWsConnection>();
    Session::open({shard_, sink_, runner_, neg_memory_, neg_trees_, clock_, metrics_, rates_}, options_,
                  std::make_shared<const OwnUrls>(own_urls({"wss://relay.example.com"})),
                  {connection, connection->low_water_bytes, "challenge", false, nullptr});
    connection->take_sent();  // the challenge
    return connection;
  }
  void TearDown() override { loop_.run(); }

  Event commit(const Event& event) {
    store_.submit({test::share(event), 0, [](storage::PutOutcome) {}});
    store_.commit();
    loop_.run();
    return event;
  }
  static std::string event_message(const Event& event) { return R"(["EVENT",)" + test::to_json(event) + "]"; }
  static std::string delivered(std::string_view name, const Event& event) {
    return R"(["EVENT",")" + std::string(name) + R"(",)" + test::to_json(event) + "]";
  }

  ManualClock clock_{kNow};
  metrics::RelayMetrics metrics_;
  test::FakeStore store_;
  FakeLoop loop_;
  FakeSink sink_;
  FakeRunner runner_;
  NegTrees neg_trees_;
  std::shared_ptr<NegMemory> neg_memory_ = std::make_shared<NegMemory>(1U << 20U, metrics_);
  AddressRates rates_{7, metrics_.rate};
  SessionCount sessions_;
  std::size_t max_fanout_events_ = 1000;
  ServingShard shard_{loop_, store_, clock_, sessions_, 42, max_fanout_events_, 1'000'000, metrics_};
  Fanout fanout_{store_.feed(), {&shard_}, clock_};
  std::shared_ptr<Options> options_ = std::make_shared<Options>();
  test::Person alice_{1};
  test::Person bob_{2};
};

}  // namespace pharos::relay
