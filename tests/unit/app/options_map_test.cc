// Settings to options: values arrive where they belong, and what only this place can check is checked.

#include "app/options_map.h"

#include <gmock/gmock.h>

#include "ingest/verdict.h"
#include "metrics/ingest_metrics.h"
#include "nostr/nip19.h"
#include "nostr/search_text.h"

namespace pharos::app {
namespace {

using ::testing::ElementsAre;
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

TEST(OptionsMap, SearchIsOffUntilItIsAskedFor) {
  EXPECT_TRUE(mapped("[storage]\nsearch_kinds = [1]").store.searched.empty());
  EXPECT_THAT(mapped("[storage]\nsearch = true").store.searched,
              ::testing::ElementsAreArray(kSearchedByDefault.begin(), kSearchedByDefault.end()));
  EXPECT_THAT(mapped("[storage]\nsearch = true\nsearch_kinds = [30023, 9, 9]").store.searched,
              ::testing::ElementsAre(9, 30023));
  EXPECT_THAT(refusal("[storage]\nsearch = true\nsearch_kinds = []"), HasSubstr("at least one kind"));
  EXPECT_THAT(refusal("[storage]\nsearch = true\nsearch_kinds = [4]"), HasSubstr("4 is private"));
  EXPECT_THAT(refusal("[storage]\nsearch = true\nsearch_kinds = [20001]"), HasSubstr("never stored"));
  EXPECT_THAT(refusal("[[upstream]]\nname = \"a\"\nurl = \"wss://a.example\"\nfilters = ['{\"search\":\"x\"}']"),
              HasSubstr("search has no meaning here"));
}

TEST(OptionsMap, TheDefaultsOfTheTableAreThoseOfTheLayers) {
  const AllOptions options = mapped("");
  const relay::Limits limits;
  EXPECT_EQ(options.relay.limits.max_subscriptions, limits.max_subscriptions);
  EXPECT_EQ(options.relay.limits.max_limit, limits.max_limit);
  EXPECT_EQ(options.relay.limits.max_scanned_records, limits.max_scanned_records);
  const ingest::PluginOptions plugin;
  EXPECT_EQ(options.plugin.command, plugin.command);
  EXPECT_EQ(options.plugin.timeout, plugin.timeout);
  EXPECT_EQ(options.plugin.patience, plugin.patience);
  EXPECT_EQ(options.plugin.max_in_flight, plugin.max_in_flight);
  EXPECT_EQ(options.plugin.queue_capacity, plugin.queue_capacity);
  EXPECT_EQ(options.plugin.accept_on_failure, plugin.accept_on_failure);
  EXPECT_EQ(options.plugin.sources, plugin.sources);
  EXPECT_EQ(options.plugin.backoff.first, plugin.backoff.first);
  EXPECT_EQ(options.plugin.backoff.cap, plugin.backoff.cap);
  EXPECT_EQ(options.relay.limits.max_search_candidates, limits.max_search_candidates);
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
  EXPECT_THAT(
      refusal("[[upstream]]\nname = \"a\"\nurl = \"ws://a.example\"\nfilters = [{ kinds = [-1], limit = 1 }]\n"),
      ::testing::AllOf(HasSubstr(": kinds, value 1 (-1): wants"), ::testing::Not(HasSubstr("\n"))));
  EXPECT_THAT(refusal("[relay]\nurl = [\"relay.example.com\"]\n"), HasSubstr("relay.url"));
  EXPECT_THAT(refusal("[relay]\npubkey = \"me\"\n"), HasSubstr("test.toml:2: relay.pubkey: \"me\" is neither"));
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

TEST(OptionsMap, APluginIsAskedAboutTheSourcesThatAreNamed) {
  const auto options = mapped(
      "[plugin]\ncommand = \"x\"\nsources = [\"client\", \"import\"]\ntimeout = \"2s\"\n"
      "on_failure = \"accept\"\n");
  EXPECT_TRUE(options.plugin.asks_about(ingest::Source::client));
  EXPECT_FALSE(options.plugin.asks_about(ingest::Source::router));
  EXPECT_TRUE(options.plugin.asks_about(ingest::Source::import_));
  EXPECT_FALSE(options.plugin.asks_about(ingest::Source::monitor));
  EXPECT_EQ(options.plugin.patience, std::chrono::seconds(2));
  EXPECT_TRUE(options.plugin.accept_on_failure);
  EXPECT_FALSE(mapped("").plugin.asks_about(ingest::Source::client)) << "without a command";
  EXPECT_THAT(refusal("[plugin]\nsources = [\"client\", \"monitor\"]"), HasSubstr("\"monitor\" is none of"));
  EXPECT_THAT(refusal("[plugin]\nsources = [\"router\"]"), HasSubstr("must name client"));
  EXPECT_THAT(refusal("[plugin]\nbackoff_first = \"2m\""), HasSubstr("greater than"));
}

// The catalogue cannot see ingest; its labels are kept equal here.
TEST(OptionsMap, ReasonLabelsOfTheMetricsAreThoseOfIngest) {
  for (std::size_t i = 0; i < metrics::IngestMetrics::kReasons; ++i) {
    EXPECT_EQ(ingest::name(static_cast<ingest::Reason>(i)), metrics::IngestMetrics::kReasonLabels[i]);
  }
  EXPECT_EQ(metrics::IngestMetrics::kReasons, static_cast<std::size_t>(ingest::Reason::overloaded) + 1);
}

TEST(OptionsMap, AccessListsTakeKeysKindsAndAddresses) {
  const std::string alice(64, '1');
  const std::string bob = encode_npub(*PublicKey::from_hex(std::string(64, '2')));
  const AllOptions options = mapped("[relay]\npubkey = \"" + std::string(64, '3') + "\"\nadmins = [\"" + bob +
                                    "\"]\ndeny_addresses = [\"192.0.2.0/24\", \"::1\"]\n[ingest]\ndeny_pubkeys = [\"" +
                                    alice + "\"]\nallow_pubkeys = [\"" + bob +
                                    "\"]\ndeny_kinds = [\"4\", \"20000-29999\"]\nallow_kinds = [\"0-65535\"]\n");
  EXPECT_TRUE(options.access.denied_pubkeys.contains(*PublicKey::from_hex(alice)));
  EXPECT_EQ(options.access.allowed_pubkeys.size(), 1U);
  ASSERT_EQ(options.access.denied_kinds.size(), 2U);
  EXPECT_EQ(options.access.denied_kinds[1].first, 20'000);
  EXPECT_EQ(options.access.denied_kinds[1].last, 29'999);
  EXPECT_EQ(options.access.allowed_kinds[0].last, 65'535);
  EXPECT_EQ(options.access.denied_addresses[0].text(), "192.0.2.0/24");
  EXPECT_EQ(options.relay.admins.size(), 2U) << "the operator manages too";
  EXPECT_EQ(options.access.exempt.size(), 2U);
}

TEST(OptionsMap, WhoMayReadAndWriteIsEverybodyByDefault) {
  const AllOptions options = mapped("");
  EXPECT_FALSE(options.access.auth_to_read || options.access.auth_to_write);
  EXPECT_EQ(options.access.members_only, ingest::MembersOnly::off);
  EXPECT_THAT(options.access.open_kinds, ElementsAre(10002, 10050));
}

TEST(OptionsMap, WhoMayReadAndWriteIsASetting) {
  const AllOptions options = mapped(
      "[relay]\nauth_to_read = true\nauth_to_write = true\nmembers_only = \"read_write\"\n"
      "[ingest]\nopen_kinds = [1059]\n");
  EXPECT_TRUE(options.access.auth_to_read && options.access.auth_to_write);
  EXPECT_EQ(options.access.members_only, ingest::MembersOnly::read_write);
  EXPECT_THAT(options.access.open_kinds, ElementsAre(1059));
  EXPECT_EQ(mapped("[relay]\nmembers_only = \"write\"").access.members_only, ingest::MembersOnly::write);
}

TEST(OptionsMap, LoopbackAndTheProxiesAreSparedByBlocks) {
  const auto spared = mapped("[relay]\ntrusted_proxies = [\"10.1.0.0/16\"]\n").access.spared_addresses;
  std::vector<std::string> texts;
  for (const IpRange& range : spared) texts.push_back(range.text());
  EXPECT_THAT(texts, ElementsAre("127.0.0.0/8", "::1", "10.1.0.0/16"));
}

TEST(OptionsMap, Nip43RequestsToJoinNeedMembers) {
  const AllOptions options = mapped(
      "[relay]\nmembers_only = \"write\"\njoin_requests = true\ninvite_codes = [\"sixteen letters!\"]\ninvites = "
      "\"admins\"\n"
      "invite_lifetime = \"1h\"\nurl = [\"wss://relay.example.com\"]\n");
  EXPECT_TRUE(options.access.takes_requests);
  EXPECT_EQ(options.access.may_invite, ingest::MayInvite::admins);
  EXPECT_THAT(options.membership.codes, ElementsAre("sixteen letters!"));
  EXPECT_EQ(options.membership.invite_lifetime, std::chrono::hours(1));
  EXPECT_EQ(options.membership.welcome, "info: welcome to wss://relay.example.com/!");
  EXPECT_THAT(refusal("[relay]\njoin_requests = true\n"), HasSubstr("needs relay.members_only"));
  EXPECT_EQ(refusal("[relay]\ninvite_codes = [\"sixteen letters!\"]\n"), "accepted") << "switched off for a while";
}

TEST(OptionsMap, Nip43CodesAreTooLongToGuessAndNeverShown) {
  const auto refused = map_options(settings("[relay]\nmembers_only = \"write\"\njoin_requests = true\n"
                                            "invite_codes = [\"sixteen letters!\", \"\", \"fifteen letters\", "
                                            "\"\u00e4\u00f6 \u00fc letters\"]\n"),
                                   4);
  ASSERT_FALSE(refused);
  std::vector<std::string> texts;
  for (const config::SettingError& error : refused.error()) texts.push_back(error.text());
  EXPECT_THAT(texts, ElementsAre(HasSubstr("code 2 of"), HasSubstr("code 3 of"), HasSubstr("code 4 of")));
  for (const std::string& text : texts) {
    EXPECT_THAT(text, HasSubstr("relay.invite_codes: "));
    EXPECT_THAT(text, ::testing::Not(HasSubstr("letters")));
  }
}

TEST(OptionsMap, TheWebOfTrustHasRoots) {
  EXPECT_FALSE(mapped("").access.trust);
  const std::string root(64, '2');
  const AllOptions options = mapped("[ingest]\ntrust_roots = [\"" + root + "\"]\ntrust_depth = 3\n" +
                                    "trust_max_keys = 10\ntrust_pause = \"5s\"\n");
  EXPECT_TRUE(options.access.trust);
  EXPECT_EQ(options.trust,
            (ingest::TrustOptions{{*PublicKey::from_hex(root)}, 3, 10, std::chrono::milliseconds(5'000)}));
  EXPECT_THAT(refusal("[relay]\nmembers_only = \"write\"\n[ingest]\ntrust_roots = [\"" + root + "\"]\n"),
              HasSubstr("means nothing where relay.members_only"));
  EXPECT_THAT(refusal("[ingest]\ntrust_roots = [\"x\"]\n"), HasSubstr("neither 64"));
}

TEST(OptionsMap, WithoutAdministratorsTheOperatorDoesNotManageOverHttp) {
  const AllOptions options = mapped("[relay]\npubkey = \"" + std::string(64, '3') + "\"\n");
  EXPECT_TRUE(options.relay.admins.empty());
  EXPECT_EQ(options.access.exempt.size(), 1U);
}

TEST(OptionsMap, AccessListsNameWhatIsNone) {
  EXPECT_THAT(refusal("[relay]\nadmins = [\"x\"]\n"), HasSubstr("\"x\" is neither 64"));
  EXPECT_THAT(refusal("[ingest]\ndeny_pubkeys = [\"x\"]\n"), HasSubstr("\"x\" is neither 64"));
  EXPECT_THAT(refusal("[relay]\ndeny_addresses = [\"example.com\"]\n"), HasSubstr("\"example.com\" is neither"));
  for (const char* kind : {"x", "", "-1", "65536", "7-5", "1-", "-", "1-65536", "01"}) {
    EXPECT_THAT(refusal(std::string("[ingest]\ndeny_kinds = [\"") + kind + "\"]\n"), HasSubstr("neither a kind"))
        << kind;
  }
}

TEST(OptionsMap, RatesReachWhoeverEnforcesThem) {
  const AllOptions options = mapped(
      "[rate]\nconnection_events = \"7/s\"\naddress_requests = \"8/min burst 9\"\naddress_bytes = \"1MiB/s\"\n"
      "pubkey_events = \"5/h\"\nunknown_pubkey_events = \"off\"\nexempt_addresses = [\"192.0.2.0/24\"]\n");
  using relay::RateOf;
  const relay::RateRules& rules = *options.relay.rates;
  EXPECT_EQ(rules.connection(RateOf::event), (Rate{7, std::chrono::seconds(1), 7}));
  EXPECT_EQ(rules.address(RateOf::request), (Rate{8, std::chrono::minutes(1), 9}));
  EXPECT_EQ(rules.address(RateOf::byte), (Rate{1U << 20U, std::chrono::seconds(1), 1U << 20U}));
  EXPECT_EQ(options.ingest.author_rates.any, (Rate{5, std::chrono::hours(1), 5}));
  EXPECT_FALSE(options.ingest.author_rates.unknown.is_bound());
  EXPECT_TRUE(rules.exempts(*IpRange::parse("192.0.2.7")));
  EXPECT_FALSE(rules.exempts(*IpRange::parse("127.0.0.1")));
  EXPECT_TRUE(mapped("").relay.rates->exempts(*IpRange::parse("127.3.2.1")));
  EXPECT_TRUE(mapped("").relay.rates->exempts(*IpRange::parse("::1")));
  EXPECT_THAT(refusal("[rate]\nexempt_addresses = [\"here\"]"), HasSubstr("\"here\" is neither an IP address"));
}

TEST(OptionsMap, ASizeWithoutItsUnitIsTold) {
  EXPECT_THAT(refusal("[storage]\nmax_size = \"200\""),
              ::testing::AllOf(HasSubstr("test.toml:2: storage.max_size"), HasSubstr("unit")));
  EXPECT_EQ(refusal("[storage]\nmax_size = \"16MiB\""), "accepted");
}

TEST(OptionsMap, ASizeThatIsNeverReachedIsRefused) {
  const auto sizes = [](const char* map, const char* most) {
    return refusal(std::string("[storage]\nmap_size = \"") + map + "\"\nmax_size = \"" + most + "\"");
  };
  EXPECT_THAT(sizes("64MiB", "64MiB"), HasSubstr("test.toml:3: storage.max_size: is never reached"));
  EXPECT_THAT(sizes("64MiB", "60MiB"), HasSubstr("is never reached"));
  EXPECT_EQ(sizes("64MiB", "40MiB"), "accepted");
  EXPECT_EQ(sizes("64MiB", "0"), "accepted");
}

TEST(OptionsMap, ASecretKeyInPlaceOfItsFileIsNotRepeated) {
  const std::string secret(64, '1');
  EXPECT_THAT(refusal("[identity]\nfile = \"" + secret + "\""),
              ::testing::AllOf(HasSubstr("test.toml:2: identity.file: that is a secret key"),
                               ::testing::Not(HasSubstr("1111"))));
}

TEST(OptionsMap, ARetentionRuleBoundsSomethingOrKeeps) {
  const std::string rule = "[[retention]]\nname = \"a\"\nfilters = [{ kinds = [7] }]\n";
  EXPECT_THAT(refusal(rule), HasSubstr("max_age, max_events or max_events_per_author is missing"));
  EXPECT_THAT(refusal(rule + "keep = true\nmax_events = 1"), HasSubstr("retention.keep: a rule that keeps"));
  EXPECT_EQ(refusal(rule + "keep = true"), "accepted");
}

TEST(OptionsMap, LimitsOfAKindReachAdmission) {
  const auto limits = mapped(
                          "[[kind_limit]]\nkinds = [3, \"10000-19999\"]\nmax_tags = 20000\n"
                          "[[kind_limit]]\nkinds = [1]\nmax_event_bytes = \"64KiB\"\nmin_pow = 12\n")
                          .ingest.admission.kind_limits;
  ASSERT_NE(limits, nullptr);
  EXPECT_EQ(limits->find(2), nullptr);
  EXPECT_EQ(limits->find(3)->max_tags, 20'000U);
  EXPECT_EQ(limits->find(9'999), nullptr);
  EXPECT_EQ(limits->find(10'000)->max_tags, 20'000U);
  EXPECT_EQ(limits->find(19'999)->max_tags, 20'000U);
  EXPECT_EQ(limits->find(20'000), nullptr);
  EXPECT_EQ(limits->find(1)->max_event_bytes, 64U << 10U);
  EXPECT_EQ(limits->find(1)->min_pow_bits, 12U);
  EXPECT_EQ(limits->find(1)->max_tags, 0U);
  EXPECT_EQ(mapped("").ingest.admission.kind_limits, nullptr);
}

TEST(OptionsMap, AKindHasOneLimitAndTheErrorNamesBothLines) {
  const std::string first = "[[kind_limit]]\nkinds = [\"100-200\"]\nmax_tags = 5\n";
  const auto both = [&](const std::string& kinds) {
    return refusal(first + "[[kind_limit]]\nkinds = " + kinds + "\nmax_tags = 6");
  };
  EXPECT_EQ(both("[\"150\"]"), "test.toml:5: kind_limit.kinds: kind 150 has its limits on line 2 already");
  EXPECT_THAT(both("[\"50-100\"]"), HasSubstr("kind 100 has"));
  EXPECT_THAT(both("[\"200-300\"]"), HasSubstr("kind 200 has"));
  EXPECT_THAT(both("[\"50-300\"]"), HasSubstr("kind 100 has"));
  EXPECT_EQ(both("[99, 201]"), "accepted");
  EXPECT_THAT(both("[1, 5, 1]"), HasSubstr("kind 1 has its limits on line 5"));
  EXPECT_THAT(refusal("[[kind_limit]]\nmax_tags = 3"), HasSubstr("test.toml:1: kind_limit.kinds: at least one kind"));
  EXPECT_THAT(refusal("[[kind_limit]]\nkinds = [1]"),
              HasSubstr("test.toml:2: kind_limit.kinds: the table limits nothing: "
                        "it has none of max_event_bytes, "));
}

TEST(OptionsMap, ALimitOfAKindIsNotGreaterThanWhatAMessageMayBring) {
  const std::string table = "[[kind_limit]]\nkinds = [3]\n";
  EXPECT_THAT(
      refusal(table + "max_event_bytes = \"1MiB\""),
      ::testing::AllOf(HasSubstr("test.toml:3: kind_limit.max_event_bytes"), HasSubstr("relay.max_message_bytes")));
  EXPECT_THAT(refusal(table + "max_content_length = 600000"), HasSubstr("relay.max_message_bytes"));
  EXPECT_THAT(refusal(table + "max_tag_item_bytes = \"1MiB\""), HasSubstr("relay.max_message_bytes"));
  EXPECT_EQ(refusal("[relay]\nmax_message_bytes = \"1MiB\"\n" + table + "max_event_bytes = \"1MiB\""), "accepted");
  EXPECT_THAT(refusal("[relay]\nmax_message_bytes = \"2MiB\"\nmax_outbound_bytes = \"2MiB\"\n" + table +
                      "max_event_bytes = \"2MiB\""),
              HasSubstr("relay.max_outbound_bytes"));
}

}  // namespace
}  // namespace pharos::app
