// What the status commands make of the documents.

#include "app/status_text.h"

#include <gmock/gmock.h>

#include "app/instance_status.h"

namespace pharos::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

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
  EXPECT_THAT(text_of(R"("trouble":"auth-required: members only")"),
              HasSubstr("\n  trouble     connected, but: auth-required: members only\n"));
  EXPECT_THAT(text_of(R"("trouble":"")"), Not(HasSubstr("trouble")));
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

TEST(StatusText, TheInstanceTellsWhatItIsAndDoes) {
  InstanceStatus status;
  status.version = "1.2.3";
  status.started = 100;
  status.now = 160;
  status.relay_addresses = {"127.0.0.1:7777"};
  status.admin_address = "127.0.0.1:9464";
  status.events = 10;
  status.logged_events = 3;
  status.database_bytes = 5U << 20U;
  status.database_map_bytes = 100U << 20U;
  status.connections = 7;
  status.queues = {{"ingest", 1, 8192}};
  status.upstreams = 3;
  status.upstreams_live = 2;
  status.banned_pubkeys = 4;
  const std::string text = instance_status_text(to_json(status));
  EXPECT_THAT(text, HasSubstr("pharos 1.2.3, up 60 s, fine\n"));
  EXPECT_THAT(text, HasSubstr("relay     127.0.0.1:7777 (admin 127.0.0.1:9464)\n"));
  EXPECT_THAT(text, HasSubstr("database  13 events (3 of them not merged yet), 5.0 MiB, 0.0 MiB of it free, "
                              "5.00 % of storage.map_size\n"));
  EXPECT_THAT(text, HasSubstr("7 connections"));
  EXPECT_THAT(text, HasSubstr("search    off\n"));
  status.search_left = 0;
  EXPECT_THAT(instance_status_text(to_json(status)), HasSubstr("search    on\n"));
  status.search_left = 9;
  EXPECT_THAT(instance_status_text(to_json(status)), HasSubstr("search    being built, 9 sequence numbers left\n"));
  EXPECT_THAT(text, HasSubstr("2 of 3 upstreams connected\n"));
  EXPECT_THAT(text, HasSubstr("monitor   off\n"));
  EXPECT_THAT(text, HasSubstr("4 public keys"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("an administrator")));
  status.managed = {"relay.name", "relay.icon"};
  EXPECT_THAT(instance_status_text(to_json(status)),
              HasSubstr("\n          an administrator (NIP-86) has set something else for relay.name, relay.icon; "));
  EXPECT_THAT(text, HasSubstr("queues    ingest 1/8192\n"));
  status.problem = "draining";
  EXPECT_THAT(instance_status_text(to_json(status)), HasSubstr("up 60 s, draining\n"));
  EXPECT_THAT(text, HasSubstr("plugin    off\n"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("members")));
  EXPECT_EQ(instance_status_text("[]"), "");
  EXPECT_EQ(instance_status_text("{}"), "");
}

TEST(StatusText, TheInstanceTellsFirstWhatIsWrongWhileItServes) {
  InstanceStatus status;
  status.version = "1.2.3";
  status.settings.policy = true;
  status.policy_faults = 1;
  status.settings.refused = {"pharos.toml:3: relay.lisen: unknown key"};
  status.settings.restart_keys = {"relay.listen", "storage.map_size"};
  std::string text = instance_status_text(to_json(status));
  EXPECT_THAT(text, ::testing::StartsWith("pharos 1.2.3, up 0 s, with something to look after:\n"
                                          "!! the write policy (plugin.command) is down: events are refused, "));
  EXPECT_THAT(text, HasSubstr("\n!! the last reload failed, the settings before it stay in force: pharos.toml:3: "
                              "relay.lisen: unknown key\n"));
  EXPECT_THAT(text, HasSubstr("\n!! changed in the settings, takes a restart: relay.listen, storage.map_size\n"));
  EXPECT_THAT(text, HasSubstr("\nplugin    DOWN, asked about 0 events, 0 not answered, ended by itself or for a fault "
                              "1 time\n"));
  EXPECT_THAT(to_json(status), HasSubstr(R"("restart_needed":["relay.listen","storage.map_size"])"));
  status.policy_up = true;
  status.settings.refused.clear();
  status.settings.restart_keys.clear();
  text = instance_status_text(to_json(status));
  EXPECT_THAT(text, HasSubstr("up 0 s, fine\n"));
  EXPECT_THAT(text, HasSubstr("\nplugin    up, "));
}

TEST(StatusText, TheInstanceTellsWhatOfRetentionWaits) {
  InstanceStatus status;
  status.now = 1'000;
  status.settings.retention_rules = 2;
  EXPECT_THAT(instance_status_text(to_json(status)), HasSubstr("\nretention 2 rules\n"));
  status.retention_waiting = {{storage::RetentionWait::What::rule, "notes", 1'000 + 3'540},
                              {storage::RetentionWait::What::no_longer_kept, "ours", 1'060},
                              {storage::RetentionWait::What::size, "", 1'000 + 7'200}};
  const std::string text = instance_status_text(to_json(status));
  EXPECT_THAT(text, HasSubstr("!! the retention rule \"notes\" begins to erase in 59 min; "
                              "`pharos retention plan` shows what\n"
                              "!! what the retention rule \"ours\" kept is kept for another 60 s, then other rules may "
                              "erase it\n"
                              "!! the smaller storage.max_size begins to erase in 2 h\n"));
  EXPECT_THAT(text, HasSubstr("\nretention 2 rules, 3 changes of the settings not in force yet\n"));
  EXPECT_THAT(to_json(status), HasSubstr(R"({"what":"rule","name":"notes","until":4540})"));
  status.retention_waiting.resize(1);
  status.retention_waiting.front().would_erase = 101;
  EXPECT_THAT(instance_status_text(to_json(status)), HasSubstr("\"notes\" begins to erase 101 events in 59 min; "));
  status.retention_waiting.front().would_erase = 0;
  EXPECT_THAT(instance_status_text(to_json(status)), HasSubstr(", fine\n"));
}

TEST(StatusText, TheInstanceTellsOfUpstreamsThatAreOfNoUse) {
  InstanceStatus status;
  status.upstreams = 9;
  status.upstreams_live = 7;
  for (int i = 0; i < 7; ++i) status.upstream_troubles.emplace_back("up" + std::to_string(i), "auth-required: no");
  const std::string text = instance_status_text(to_json(status));
  EXPECT_THAT(text, HasSubstr("!! the upstream \"up0\" is connected, but: auth-required: no\n"));
  EXPECT_THAT(text, HasSubstr("!! and 2 more such: `pharos router status`\n"));
  status = {};
  status.upstreams = 2;
  EXPECT_THAT(instance_status_text(to_json(status)), HasSubstr(", fine\n")) << "not dialed yet";
  status.upstreams_failing = 1;
  EXPECT_THAT(instance_status_text(to_json(status)), HasSubstr("!! no upstream is connected: "));
}

TEST(StatusText, TheInstanceTellsWhichSettingsAreInForce) {
  InstanceStatus status;
  status.started = 100;
  status.now = 400;
  status.settings.taken = 130;
  EXPECT_THAT(instance_status_text(to_json(status)),
              HasSubstr("\nsettings  no file: defaults and environment, taken 4m ago\n"));
  status.settings.file = "/etc/pharos/pharos.toml";
  EXPECT_THAT(instance_status_text(to_json(status)), HasSubstr("\nsettings  /etc/pharos/pharos.toml, taken 4m ago\n"));
}

TEST(StatusText, TheInstanceTellsItsListsMembersAndDirectory) {
  InstanceStatus status;
  status.directory = "/var/lib/pharos";
  status.banned_events = 1;
  status.denied_kinds = 2;
  status.allowed_pubkeys = 12;
  std::string text = instance_status_text(to_json(status));
  EXPECT_THAT(text, HasSubstr("\ndata      /var/lib/pharos\n"));
  EXPECT_THAT(text, HasSubstr("\nbanned    0 public keys, 1 event, 2 kinds, 0 address blocks\n"));
  EXPECT_THAT(text, HasSubstr("\nallowed   12 public keys, 0 kinds, 0 events\n"));
  status.members_only = "read_write";
  text = instance_status_text(to_json(status));
  EXPECT_THAT(text, HasSubstr("\nmembers   12 public keys; they alone may read and publish\n"));
  EXPECT_THAT(text, HasSubstr("\nallowed   0 kinds, 0 events\n"));
}

}  // namespace
}  // namespace pharos::app
