// Settings to options: values arrive where they belong, and what only this place can check is checked.

#include "app/options_map.h"

#include <gmock/gmock.h>

#include "ingest/verdict.h"
#include "metrics/ingest_metrics.h"
#include "nostr/nip19.h"

namespace pharos::app {
namespace {

using ::testing::HasSubstr;

config::Settings settings(const std::string& toml) {
  auto parsed = config::parse_settings(toml, "test.toml", {});
  if (!parsed) {
    ADD_FAILURE() << parsed.error().front().text();
    return config::parse_settings("", "", {}).value();
  }
  return std::move(parsed).value();
}

AllOptions mapped(const std::string& toml, std::size_t cores = 4) {
  auto options = map_options(settings(toml), cores);
  if (!options) {
    ADD_FAILURE() << options.error().front().text();
    return {};
  }
  return std::move(options).value();
}

// The first error of settings that do not map.
std::string refusal(const std::string& toml) {
  const auto options = map_options(settings(toml), 4);
  if (options) return "accepted";
  return options.error().front().text();
}

TEST(OptionsMap, TheDefaultsMap) {
  const AllOptions options = mapped("");
  EXPECT_EQ(options.relay.listeners.at(0).listen, "127.0.0.1:7777");
  EXPECT_EQ(options.admin.listen, "127.0.0.1:9464");
  EXPECT_EQ(options.store.map_size_bytes, std::uint64_t{1} << 40);
  EXPECT_FALSE(options.monitor.enabled);
  EXPECT_TRUE(options.router.upstreams.empty());
}

TEST(OptionsMap, TheDefaultsOfTheTableAreThoseOfTheLayers) {
  const AllOptions options = mapped("");
  const relay::Limits limits;
  EXPECT_EQ(options.relay.limits.max_subscriptions, limits.max_subscriptions);
  EXPECT_EQ(options.relay.limits.max_limit, limits.max_limit);
  EXPECT_EQ(options.relay.limits.max_scanned_records, limits.max_scanned_records);
  const ingest::AdmissionOptions admission;
  EXPECT_EQ(options.ingest.admission.max_event_bytes, admission.max_event_bytes);
  EXPECT_EQ(options.ingest.admission.max_age, admission.max_age);
  EXPECT_EQ(options.ingest.admission.max_ahead, admission.max_ahead);
  EXPECT_EQ(options.ingest.admission.require_pow_commitment, admission.require_pow_commitment);
  const ingest::Options ingest;
  EXPECT_EQ(options.ingest.max_in_flight, ingest.max_in_flight);
  EXPECT_EQ(options.ingest.max_in_flight_bytes, ingest.max_in_flight_bytes);
  EXPECT_EQ(options.ingest.recent_ephemeral, ingest.recent_ephemeral);
  const router::RouterOptions router;
  EXPECT_EQ(options.router.catchup.late_margin, router.catchup.late_margin);
  EXPECT_EQ(options.router.link.read_timeout, router.link.read_timeout);
  const monitor::MonitorOptions monitor;
  EXPECT_EQ(options.monitor.schedule.period, monitor.schedule.period);
  EXPECT_EQ(options.monitor.probe.timeouts.open, monitor.probe.timeouts.open);
  EXPECT_EQ(options.monitor.probe.timeouts.auth, monitor.probe.timeouts.auth);
  EXPECT_EQ(options.monitor.probe.answer_auth, monitor.probe.answer_auth);
  EXPECT_EQ(options.monitor.schedule.retry_ladder, monitor.schedule.retry_ladder);
  EXPECT_EQ(options.monitor.schedule.concurrency[1], monitor.schedule.concurrency[1]);
  EXPECT_EQ(options.monitor.max_paths_per_host, monitor.max_paths_per_host);
  EXPECT_EQ(options.monitor.announce.period, monitor.announce.period);
  EXPECT_EQ(options.monitor.outage.min_hosts, monitor.outage.min_hosts);
  EXPECT_EQ(options.monitor.outage.failed_share, monitor.outage.failed_share);
  EXPECT_EQ(options.monitor.outage.longest, monitor.outage.longest);
}

TEST(OptionsMap, TheMonitorsLadderIsAListOfDurations) {
  EXPECT_THAT(mapped("[monitor]\nretry_ladder = [\"10s\", \"2h\"]\n").monitor.schedule.retry_ladder,
              ::testing::ElementsAre(std::chrono::seconds(10), std::chrono::hours(2)));
  EXPECT_THAT(refusal("[monitor]\nretry_ladder = [\"soon\"]\n"), HasSubstr("\"soon\" is no duration"));
  EXPECT_THAT(refusal("[monitor]\nretry_ladder = []\n"), HasSubstr("at least one duration"));
}

TEST(OptionsMap, RefusesUpstreamsThatWouldBeIgnoredInPart) {
  EXPECT_THAT(refusal("[[upstream]]\nname = \"a\"\nurl = \"wss://a.example\"\n"
                      "[[upstream]]\nname = \"b\"\nurl = \"wss://A.example/\"\n"),
              HasSubstr("test.toml:6: upstream.url: \"wss://a.example/\" is used twice"));
  EXPECT_THAT(refusal("[[upstream]]\nname = \"a\"\nurl = \"wss://a.example\"\nfilters = ['{\"limit\":5}']\n"),
              HasSubstr("test.toml:4: upstream.filters: {\"limit\":5}: limit has no meaning here"));
  EXPECT_THAT(refusal("[router]\nlate_margin = \"1m\"\n"), HasSubstr("router.read_timeout"));
  EXPECT_EQ(mapped("[router]\nmax_message_bytes = \"8MiB\"\n").router.link.max_message_bytes, 8U << 20U);
}

TEST(OptionsMap, ValuesArriveWhereTheyBelong) {
  const AllOptions options = mapped(
      "[relay]\nmax_outbound_bytes = \"1MiB\"\nurl = [\"wss://Relay.Example.com\"]\n"
      "[storage]\ndirectory = \"/tmp/x\"\nbatch_window = \"5ms\"\n"
      "[ingest]\nmax_age = \"0s\"\nmin_pow = 12\nrequire_pow_commitment = false\n"
      "max_in_flight_bytes = \"1MiB\"\nrecent_ephemeral = 7\n"
      "[monitor]\nenabled = true\ntargets = [\"wss://a.example\"]\nperiod = \"1m\"\n");
  EXPECT_EQ(options.relay.listeners.at(0).ws.max_outbound_bytes, 1U << 20U);
  EXPECT_LT(options.relay.listeners.at(0).ws.low_water_bytes, 1U << 20U);
  EXPECT_THAT(options.relay.urls, ::testing::ElementsAre("wss://relay.example.com/"));
  EXPECT_EQ(options.store.directory, "/tmp/x");
  EXPECT_EQ(options.store.batch_window, std::chrono::milliseconds(5));
  EXPECT_EQ(options.ingest.admission.max_age, std::chrono::seconds(0));
  EXPECT_EQ(options.relay.admission.min_pow_bits, 12U) << "NIP-11 tells what is enforced";
  EXPECT_FALSE(options.ingest.admission.require_pow_commitment);
  EXPECT_EQ(options.ingest.max_in_flight_bytes, 1U << 20U);
  EXPECT_EQ(options.ingest.recent_ephemeral, 7U);
  EXPECT_TRUE(options.relay.monitoring);
  EXPECT_EQ(options.monitor.schedule.period, std::chrono::minutes(1));
}

TEST(OptionsMap, WhatMayWaitForAReaderHasRoomForTheLargestEvent) {
  EXPECT_THAT(refusal("[relay]\nmax_outbound_bytes = \"512KiB\"\n"), HasSubstr("relay.max_outbound_bytes: must be"));
  EXPECT_THAT(refusal("[ingest]\nmax_event_bytes = \"9MiB\"\n"), HasSubstr("relay.max_outbound_bytes: must be"));
  mapped("[relay]\nmax_outbound_bytes = \"512KiB\"\n[ingest]\nmax_event_bytes = \"256KiB\"\n");
}

TEST(OptionsMap, UpstreamsCarryTheirFilters) {
  const AllOptions options = mapped(
      "[[upstream]]\nname = \"a\"\nurl = \"wss://a.example\"\ndirection = \"both\"\n"
      "filters = ['{\"kinds\":[1]}', { kinds = [0, 3], \"#t\" = [\"x\"] }]\n"
      "[[upstream]]\nname = \"b\"\nurl = \"ws://127.0.0.1:1\"\nenabled = false\n");
  ASSERT_EQ(options.router.upstreams.size(), 2U);
  const router::UpstreamOptions& first = options.router.upstreams[0];
  EXPECT_EQ(first.direction, router::Direction::both);
  ASSERT_EQ(first.filters.size(), 2U);
  EXPECT_THAT(*first.filters[1].kinds, ::testing::ElementsAre(0, 3));
  EXPECT_EQ(first.filters[1].tags.size(), 1U);
  EXPECT_FALSE(options.router.upstreams[1].enabled);
  ASSERT_EQ(options.router.upstreams[1].filters.size(), 1U);
  EXPECT_FALSE(options.router.upstreams[1].filters[0].kinds.has_value()) << "everything";
}

TEST(OptionsMap, ErrorsNameTheKeyAndItsLine) {
  const std::string bad_url = refusal("\n[[upstream]]\nname = \"a\"\nurl = \"http://a.example\"\n");
  EXPECT_THAT(bad_url, HasSubstr("test.toml:4: upstream.url:"));
  EXPECT_THAT(refusal("[[upstream]]\nname = \"a\"\nurl = \"ws://a.example\"\nfilters = ['{\"kind\":[1]}']\n"),
              HasSubstr("upstream.filters"));
  EXPECT_THAT(refusal("[relay]\nurl = [\"relay.example.com\"]\n"), HasSubstr("relay.url"));
  EXPECT_THAT(refusal("[relay]\npubkey = \"me\"\n"), HasSubstr("test.toml:2: relay.pubkey:"));
  EXPECT_THAT(refusal("[relay]\ntls_key = \"k.pem\"\n"), HasSubstr("relay.tls_certificate"));
  EXPECT_THAT(refusal("[relay]\nidle_timeout = \"20s\"\n"), HasSubstr("relay.idle_timeout"));
  EXPECT_THAT(refusal("[relay]\ndefault_limit = 2000\n"), HasSubstr("relay.default_limit"));
  EXPECT_THAT(refusal("[monitor]\ntargets = [\"ftp://a.example\"]\n"), HasSubstr("monitor.targets"));
}

TEST(OptionsMap, ErrorsOfTheEnvironmentNameTheVariable) {
  const auto parsed = config::parse_settings("[relay]\npubkey = \"\"\n", "test.toml", {{"PHAROS_RELAY__PUBKEY", "me"}});
  ASSERT_TRUE(parsed.has_value());
  const auto options = map_options(parsed.value(), 4);
  ASSERT_FALSE(options.has_value());
  EXPECT_THAT(options.error().front().text(), HasSubstr("PHAROS_RELAY__PUBKEY: relay.pubkey:"));
}

TEST(OptionsMap, TheOperatorsKeyMayBeHexOrNpub) {
  const std::string hex(64, '1');
  EXPECT_EQ(mapped("[relay]\npubkey = \"" + hex + "\"\n").relay.info.pubkey, hex);
  const std::string npub = encode_npub(*PublicKey::from_hex(hex));
  EXPECT_EQ(mapped("[relay]\npubkey = \"" + npub + "\"\n").relay.info.pubkey, hex);
}

TEST(OptionsMap, ThreadsFitMachinesFromOneCoreToSixtyFour) {
  for (const std::size_t cores : {0U, 1U, 2U, 8U, 64U}) {
    const AllOptions options = mapped("", cores);
    EXPECT_GE(options.shards, 1U);
    EXPECT_GE(options.workers, 1U);
    EXPECT_LE(options.shards + options.workers, std::max<std::size_t>(2, cores + 1));
  }
  EXPECT_EQ(mapped("[threads]\nshards = 3\nworkers = 5\n").shards, 3U);
}

// The catalogue cannot see ingest; its labels are kept equal here.
TEST(OptionsMap, ReasonLabelsOfTheMetricsAreThoseOfIngest) {
  for (std::size_t i = 0; i < metrics::IngestMetrics::kReasons; ++i) {
    EXPECT_EQ(ingest::name(static_cast<ingest::Reason>(i)), metrics::IngestMetrics::kReasonLabels[i]);
  }
  EXPECT_EQ(metrics::IngestMetrics::kReasons, static_cast<std::size_t>(ingest::Reason::overloaded) + 1);
}

}  // namespace
}  // namespace pharos::app
