// What the status commands make of the documents.

#include "app/status_text.h"

#include <gmock/gmock.h>

namespace pharos::app {
namespace {

using ::testing::HasSubstr;

TEST(StatusText, TheMonitorTellsWhatWasPublishedAndWhatIsLeftOut) {
  const std::string text = monitor_status_text(
      R"({"period_ms":900000,"in_flight":3,"overdue":2,"own_outage":false,"own_store_waiting":4,"networks":{},)"
      R"("publish_relays":[{"url":"wss://a.com/","state":"connected","waiting":1,"in_flight":2,"accepted":10,)"
      R"("rejected":5,"failed":6,"dropped":7,"last_latency_ms":40,"last_error":"blocked: no"}],)"
      R"("targets":[{"url":"wss://b.com/","state":"online","checks":{"open":{"outcome":"ok","ms":12}}}],)"
      R"("targets_omitted":499})",
      true);
  EXPECT_THAT(text, HasSubstr("period 900 s, 3 in flight, 2 overdue\n"));
  EXPECT_THAT(text, HasSubstr("4 statements wait for the own store\n"));
  EXPECT_THAT(text, HasSubstr("publish   wss://a.com/  connected, 10 accepted, 5 rejected, 6 failed, 7 dropped, "
                              "3 waiting\n          last error  blocked: no\n"));
  EXPECT_THAT(text, HasSubstr("wss://b.com/"));
  EXPECT_THAT(text, ::testing::EndsWith("  and 499 more\n"));
}

TEST(StatusText, AMonitorThatIsOffTellsWhetherARestartTurnsItOn) {
  EXPECT_EQ(monitor_status_text(R"({"enabled":false})", false), "the monitor is off (monitor.enabled)\n");
  EXPECT_THAT(monitor_status_text(R"({"enabled":false})", true), HasSubstr("at the next restart"));
}

TEST(StatusText, TheMonitorTellsWhatItWillNotWatch) {
  const std::string text = monitor_status_text(
      R"({"period_ms":900000,"refused_targets":[{"target":"ws://10.0.0.1/","reason":"not public"}],)"
      R"("refused_targets_omitted":2})",
      true);
  EXPECT_THAT(text, ::testing::ContainsRegex("\n  refused  ws://10.0.0.1/ +not public\n  and 2 more refused\n$"));
}

TEST(StatusText, TheRouterTellsWhatWasLostAndWhatNobodyAskedFor) {
  const std::string text =
      router_status_text(R"({"upstreams":[{"name":"a","url":"wss://a.com/","direction":"down","state":"live",)"
                         R"("down":{"novel":1,"duplicate":2,"invalid":3,"lost":4,"non_conforming":5,"in_flight":6}}]})",
                         1'700'000'000);
  EXPECT_THAT(text, HasSubstr("1 novel, 2 duplicate, 3 invalid, 4 lost, 5 not asked for, 6 in flight\n"));
}

TEST(StatusText, TheRouterTellsHowOldAnErrorIs) {
  const auto text_of = [](const std::string& error) {
    return router_status_text(
        R"({"upstreams":[{"name":"a","url":"wss://a.com/","direction":"down","state":"live","breaker":"closed",)" +
            error + "}]}",
        1'700'000'000);
  };
  EXPECT_THAT(text_of(R"("last_error":"end of stream","last_error_at":1699989200,"retries":1)"),
              HasSubstr("\n  last error  3h ago: end of stream (breaker closed, 1 retries)\n"));
  EXPECT_THAT(text_of(R"("last_error":"its ledger","last_error_at":null)"), HasSubstr("\n  last error  its ledger ("));
}

TEST(StatusText, TheRouterTellsTheNewestRefusals) {
  std::string refused;
  for (int i = 1; i <= 7; ++i) {
    refused += (i == 1 ? "" : ",") + std::string(R"({"id":"id)") + std::to_string(i) +
               R"(","at":1699999990,"reason":"blocked","text":"blocked: no"})";
  }
  const std::string text = router_status_text(
      R"({"upstreams":[{"name":"a","url":"wss://a.com/","direction":"up","state":"live","up":{"accepted":1,)"
      R"("refused":7,"last_refused":[)" +
          refused + "]}}]}",
      1'700'000'000);
  EXPECT_THAT(text, HasSubstr("  refused     id7  10s ago  blocked: no\n  refused     id6  10s ago  blocked: no\n"));
  EXPECT_THAT(text, HasSubstr("id3 "));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("id2 ")));
}

}  // namespace
}  // namespace pharos::app
