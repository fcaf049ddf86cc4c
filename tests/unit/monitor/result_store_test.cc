#include "monitor/result_store.h"

#include <atomic>
#include <future>

#include <gmock/gmock.h>

#include "monitor/codec.h"
#include "monitor/report.h"
#include "nostr/sha256.h"
#include "support/temp_dir.h"
#include "util/bytes.h"

namespace pharos::monitor {
namespace {

ProbeResult full_result(std::int64_t at = 1'700'000'000'123) {
  ProbeResult result;
  result.started_unix_ms = at;
  result.open = {Outcome::ok, Fault::none, 84, ""};
  result.read = {Outcome::failed, Fault::auth_required, 9, "auth-required: members"};
  result.write = {Outcome::timeout, Fault::none, 5'000, "too busy"};
  result.nip11 = {Outcome::ok, Fault::none, 30, ""};
  result.dns_us = 1'234;
  result.tcp_us = 20'000;
  result.tls_us = 40'001;
  result.http_us = 12'000;
  result.address = "192.0.2.7:443";
  result.tls_used = true;
  result.tls_not_after = 1'800'000'000;
  result.tls_issuer = "Test Authority";
  result.challenged = true;
  result.auth_demanded_to_read = true;
  result.spoke_nostr = true;
  result.nip11_document = R"({"name":"x","software":"s","version":"1"})";
  result.nip11_digest = sha256(as_bytes(result.nip11_document));
  return result;
}

TEST(Codec, ResultsAndTargetsSurviveTheirBytes) {
  ProbeResult result = full_result();
  const std::string bytes = encode_result(result);
  result.nip11_document.clear();
  EXPECT_EQ(decode_result(bytes), result);
  EXPECT_EQ(decode_result(encode_result(ProbeResult{})), ProbeResult{});

  TargetState state{"wss://a.com/", TargetSource::file, Liveness::offline, 7, 1, 2, 3, 4, 5, 6};
  EXPECT_EQ(decode_target(encode_target(state)), state);
}

TEST(Codec, TruncatedLongerOrStrangeBytesAreRefused) {
  const std::string result = encode_result(full_result());
  const std::string target = encode_target({"wss://a.com/"});
  for (std::size_t n = 0; n < result.size(); ++n) EXPECT_FALSE(decode_result(result.substr(0, n))) << n;
  for (std::size_t n = 0; n < target.size(); ++n) EXPECT_FALSE(decode_target(target.substr(0, n))) << n;
  EXPECT_FALSE(decode_result(result + "x"));
  EXPECT_FALSE(decode_target(target + "x"));
  std::string newer = target;
  newer[0] = 2;
  EXPECT_FALSE(decode_target(newer));
  for (std::size_t i = 0; i < result.size(); ++i) {
    std::string flipped = result;
    flipped[i] = static_cast<char>(flipped[i] ^ 0xff);
    static_cast<void>(decode_result(flipped));
  }
}

TEST(Codec, ResultKeysStandInTheOrderOfTheirNumbers) {
  EXPECT_LT(result_key("wss://a.com/", 255), result_key("wss://a.com/", 256));
  EXPECT_TRUE(result_key("wss://a.com/", 1).starts_with(result_prefix("wss://a.com/")));
}

class ResultStoreTest : public ::testing::Test {
 protected:
  void SetUp() override { reopen(); }
  void TearDown() override { store_->stop(); }
  void reopen() {
    if (store_) store_->stop();
    store_.reset();
    storage::StoreOptions options;
    options.directory = directory_.path();
    options.map_size_bytes = 64U << 20U;
    options.durability = storage::Durability::os;
    auto opened = storage::Store::open(options, clock_);
    ASSERT_TRUE(opened) << opened.error().detail;
    store_ = std::move(opened).value();
  }
  // Waits until the update is written.
  template <class Submit>
  void await(Submit submit) {
    std::promise<bool> done;
    ASSERT_TRUE(submit([&done](bool durable) { done.set_value(durable); }));
    EXPECT_TRUE(done.get_future().get());
  }
  void record(ResultStore& results, TargetState& state, const ProbeResult& result) {
    await([&](auto done) { return results.record(state, result, std::move(done)); });
  }

  testing::TempDir directory_;
  ManualClock clock_;
  std::unique_ptr<storage::Store> store_;
};

TEST_F(ResultStoreTest, StateAndLastResultSurviveARestart) {
  TargetState state{"wss://a.com/"};
  state.failures = 3;
  state.due_unix_ms = 99;
  {
    ResultStore results(*store_, 10);
    record(results, state, full_result(1));
    record(results, state, full_result(2));
  }
  reopen();
  ResultStore results(*store_, 10);
  const auto loaded = results.load(100);
  ASSERT_TRUE(loaded);
  ASSERT_EQ(loaded.value().targets.size(), 1U);
  EXPECT_EQ(loaded.value().targets[0].state, state);
  EXPECT_EQ(loaded.value().targets[0].last->started_unix_ms, 2);
  const auto history = results.history("wss://a.com/", 10);
  ASSERT_EQ(history.size(), 2U);
  EXPECT_EQ(history[0].started_unix_ms, 2) << "newest first";
  EXPECT_EQ(results.document(*history[0].nip11_digest), full_result().nip11_document);
}

TEST_F(ResultStoreTest, HistoryIsCappedAndALowerCapIsReachedStepByStep) {
  TargetState state{"wss://a.com/"};
  ResultStore wide(*store_, 40);
  for (int i = 0; i < 60; ++i) record(wide, state, full_result(i));
  EXPECT_EQ(wide.history(state.url, 100).size(), 40U);
  ResultStore narrow(*store_, 5);
  record(narrow, state, full_result(60));
  const std::size_t after_one = narrow.history(state.url, 100).size();
  EXPECT_GT(after_one, 30U) << "in small batches";
  for (int i = 0; i < 10; ++i) record(narrow, state, full_result(70 + i));
  const auto history = narrow.history(state.url, 100);
  ASSERT_EQ(history.size(), 5U);
  EXPECT_EQ(history[0].started_unix_ms, 79);
}

TEST_F(ResultStoreTest, ADocumentIsKeptOnceAndGoesWithTheLastResultThatNamesIt) {
  ResultStore results(*store_, 2);
  TargetState a{"wss://a.com/"};
  TargetState b{"wss://b.com/"};
  const ProbeResult with = full_result();
  ProbeResult without = with;
  without.nip11_digest.reset();
  record(results, a, with);
  record(results, b, with);
  record(results, a, without);
  record(results, a, without);
  EXPECT_TRUE(results.document(*with.nip11_digest)) << "b still names it";
  await([&](auto done) { return results.forget(b, std::move(done)); });
  EXPECT_FALSE(results.document(*with.nip11_digest));
  EXPECT_TRUE(results.history(b.url, 10).empty());
  EXPECT_EQ(results.load(10).value().targets.size(), 1U);
}

TEST_F(ResultStoreTest, ALongHistoryIsForgottenInSlices) {
  TargetState state{"wss://a.com/"};
  ResultStore results(*store_, 1'000);
  for (int i = 0; i < 600; ++i) record(results, state, full_result(i));
  std::promise<bool> forgotten;
  std::atomic<bool> other_was_first{false};
  std::atomic<bool> ended{false};
  ASSERT_TRUE(results.forget(state, [&](bool durable) {
    ended = true;
    forgotten.set_value(durable);
  }));
  await([&](auto done) {
    return store_->submit_update([](storage::WriteTxn&) { return true; },
                                 [&, done](bool durable) {
                                   other_was_first = !ended;
                                   done(durable);
                                 });
  });
  EXPECT_TRUE(forgotten.get_future().get());
  EXPECT_TRUE(other_was_first) << "other writes get their turn in between";
  EXPECT_TRUE(results.history(state.url, 10).empty());
  EXPECT_TRUE(results.load(10).value().targets.empty());
  EXPECT_FALSE(results.document(*full_result().nip11_digest));
}

TEST_F(ResultStoreTest, ATargetTakenInAnewWhileItIsForgottenStays) {
  TargetState old{"wss://a.com/"};
  ResultStore results(*store_, 1'000);
  for (int i = 0; i < 600; ++i) record(results, old, full_result(i));
  std::promise<bool> forgotten;
  ASSERT_TRUE(results.forget(old, [&](bool durable) { forgotten.set_value(durable); }));
  TargetState anew{"wss://a.com/"};
  record(results, anew, full_result(1'000));
  ASSERT_TRUE(forgotten.get_future().get());
  const auto history = results.history(anew.url, 10);
  ASSERT_EQ(history.size(), 1U);
  EXPECT_EQ(history[0].started_unix_ms, 1'000);
}

TEST(Report, WhatSaysNothingAboutTheRelayIsNotJudged) {
  ProbeResult result;
  result.open.outcome = Outcome::failed;
  result.open.fault = Fault::local;
  EXPECT_THAT(render_text(RelayUrl::parse("wss://a.com").value(), result), ::testing::HasSubstr("  not judged ("));
  EXPECT_THAT(render_json(RelayUrl::parse("wss://a.com").value(), result), ::testing::HasSubstr("\"judged\":false"));
}

TEST(Report, ALineForAList) {
  EXPECT_EQ(render_line(full_result()), "online       open 84 ms read auth_required write timeout nip11 30 ms");
}

TEST(Report, TellsPeopleWhatHappened) {
  EXPECT_EQ(render_text(RelayUrl::parse("wss://a.com").value(), full_result()),
            "wss://a.com/  online (clearnet, 192.0.2.7:443)\n"
            "  open  ok          84 ms   dns 1.2 ms, tcp 20.0 ms, tls 40.0 ms, http 12.0 ms\n"
            "  read  failed       9 ms   auth_required: auth-required: members\n"
            "  write timeout   5000 ms   too busy\n"
            "  nip11 ok          30 ms   x, s 1\n"
            "  auth  skipped             challenge seen\n"
            "  observed requirements: auth");
}

TEST(Report, LeavesOutWhatTheDocumentDoesNotSay) {
  ProbeResult result = full_result();
  const auto line_of = [&result](const char* document) {
    result.nip11_document = document;
    const std::string text = render_text(RelayUrl::parse("wss://a.com").value(), result);
    const std::size_t at = text.find("  nip11 ");
    return text.substr(at, text.find('\n', at) - at);
  };
  EXPECT_EQ(line_of(R"({"name":"x","version":"1"})"), "  nip11 ok          30 ms   x, 1");
  EXPECT_EQ(line_of(R"({"name":"x","software":"s"})"), "  nip11 ok          30 ms   x, s");
  EXPECT_EQ(line_of(R"({"version":"1"})"), "  nip11 ok          30 ms   1");
}

TEST(Report, TellsProgramsTheSame) {
  EXPECT_EQ(
      render_json(RelayUrl::parse("wss://a.com").value(), full_result()),
      R"({"url":"wss://a.com/","network":"clearnet","started_at_ms":1700000000123,"online":true,"relay":true,"judged":true,)"
      R"("address":"192.0.2.7:443","checks":{"open":{"outcome":"ok","ms":84},"read":{"outcome":"failed","ms":9,)"
      R"("fault":"auth_required","detail":"auth-required: members"},"write":{"outcome":"timeout","ms":5000,)"
      R"("detail":"too busy"},"nip11":{"outcome":"ok","ms":30},"auth":{"outcome":"skipped"}},)"
      R"("stages_us":{"dns":1234,"tcp":20000,"tls":40001,"http":12000},"tls":{"not_after":1800000000,)"
      R"("issuer":"Test Authority"},"observed":{"auth":true,"writes":null,"pow":null,"payment":null,)"
      R"("challenged":true,"limit_ignored":false},"nip11":{"name":"x","software":"s","version":"1"}})");
}

}  // namespace
}  // namespace pharos::monitor
