#include "config/loader.h"

#include <gmock/gmock.h>

namespace pharos::config {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> errors_of(std::string_view toml, const Environment& environment = {}) {
  const auto loaded = parse_settings(toml, "pharos.toml", environment);
  std::vector<std::string> texts;
  if (loaded) return texts;
  for (const SettingError& error : loaded.error()) texts.push_back(error.text());
  return texts;
}

TEST(Loader, AnEmptyFileGivesTheDefaults) {
  const auto loaded = parse_settings("", "pharos.toml", {});
  ASSERT_TRUE(loaded.has_value());
  const Values& values = loaded.value().values;
  EXPECT_EQ(values.text("relay.listen"), "127.0.0.1:7777");
  EXPECT_EQ(values.integer("storage.map_size"), std::int64_t{1} << 40);
  EXPECT_EQ(values.duration("monitor.period"), std::chrono::minutes(15));
  EXPECT_FALSE(values.boolean("monitor.enabled"));
}

TEST(Loader, AMistypedKeyIsNamedWithFileLineAndTheNearestKnownKey) {
  EXPECT_THAT(errors_of("\n[relay]\nlisten = \"127.0.0.1:1\"\nnmae = \"x\"\n"),
              ElementsAre("pharos.toml:4: relay.nmae: unknown key, did you mean name?"));
}

TEST(Loader, AMistypedSectionIsNamed) {
  EXPECT_THAT(errors_of("[stoarge]\n"), ElementsAre("pharos.toml:1: stoarge: unknown section, did you mean storage?"));
}

TEST(Loader, AWrongTypeSaysWhatWasExpected) {
  EXPECT_THAT(errors_of("[relay]\nmax_limit = \"many\"\n"),
              ElementsAre("pharos.toml:2: relay.max_limit: expected a whole number"));
  EXPECT_THAT(errors_of("[monitor]\nperiod = 15\n"), ElementsAre(HasSubstr("monitor.period: expected a duration")));
}

TEST(Loader, AValueOutOfRangeSaysTheRange) {
  EXPECT_THAT(errors_of("[relay]\nmax_subscription_id = 65\n"),
              ElementsAre("pharos.toml:2: relay.max_subscription_id: out of range: 1 to 64"));
  EXPECT_THAT(errors_of("[monitor]\nperiod = \"10ms\"\n"), ElementsAre(HasSubstr("out of range: 1s to 30d")));
  EXPECT_THAT(errors_of("[router]\ndials_per_second = nan\n"), ElementsAre(HasSubstr("out of range: 0.01 to 1000")));
  EXPECT_THAT(errors_of("[router]\ndials_per_second = inf\n"), ElementsAre(HasSubstr("out of range")));
  EXPECT_THAT(errors_of("[log]\nlevel = \"loud\"\n"), ElementsAre(HasSubstr("one of: debug info warn error")));
}

TEST(Loader, AllErrorsAreReportedAtOnce) {
  EXPECT_EQ(errors_of("[relay]\na = 1\nb = 2\n[log]\nlevel = 3\n").size(), 3U);
}

TEST(Loader, BrokenTomlNamesItsLine) {
  EXPECT_THAT(errors_of("[relay]\nname = \n"), ElementsAre(HasSubstr("pharos.toml:2")));
}

TEST(Loader, TheEnvironmentOverridesTheFile) {
  const auto loaded = parse_settings("[relay]\nlisten = \"127.0.0.1:1\"\n", "pharos.toml",
                                     {{"PHAROS_RELAY__LISTEN", "127.0.0.1:2"},
                                      {"PHAROS_MONITOR__TARGETS", "wss://a.example/,wss://b.example/"},
                                      {"PHAROS_TEST_DATA", "not a setting"}});
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded.value().values.text("relay.listen"), "127.0.0.1:2");
  EXPECT_THAT(loaded.value().values.list("monitor.targets"), ElementsAre("wss://a.example/", "wss://b.example/"));
}

TEST(Loader, ABadEnvironmentVariableIsNamed) {
  EXPECT_THAT(errors_of("", {{"PHAROS_RELAY__MAX_LIMIT", "x"}}),
              ElementsAre("PHAROS_RELAY__MAX_LIMIT: relay.max_limit: expected a whole number"));
  EXPECT_THAT(errors_of("", {{"PHAROS_RELAY__LISTN", "x"}}),
              ElementsAre("PHAROS_RELAY__LISTN: unknown setting, did you mean PHAROS_RELAY__LISTEN?"));
}

TEST(Loader, AVariableWithOneUnderscoreTooFewIsNoSilence) {
  EXPECT_THAT(errors_of("", {{"PHAROS_RELAY_LISTEN", "x"}}),
              ElementsAre("PHAROS_RELAY_LISTEN: two underscores behind the section: PHAROS_RELAY__LISTEN"));
  EXPECT_THAT(errors_of("", {{"PHAROS_RELAY_TLS_KEY", "x"}}), ElementsAre(HasSubstr("PHAROS_RELAY__TLS_KEY")));
  EXPECT_THAT(errors_of("", {{"PHAROS_RELAY_PORT", "tcp://10.0.0.1:7777"}}), ElementsAre());
}

TEST(Loader, UpstreamsAreTablesWithUniqueNamesAndAUrl) {
  const auto loaded = parse_settings(
      "[[upstream]]\nname = \"a\"\nurl = \"wss://a.example/\"\ndirection = \"both\"\n"
      "[[upstream]]\nname = \"b\"\nurl = \"wss://b.example/\"\n",
      "pharos.toml", {});
  ASSERT_TRUE(loaded.has_value());
  ASSERT_EQ(loaded.value().upstreams.size(), 2U);
  EXPECT_EQ(loaded.value().upstreams[0].values.text("direction"), "both");
  EXPECT_THAT(loaded.value().upstreams[1].values.list("filters"), ElementsAre("{}"));
  EXPECT_THAT(errors_of("[[upstream]]\nname = \"a\"\nurl = \"ws://x/\"\n[[upstream]]\nname = \"a\"\n"),
              ElementsAre(HasSubstr("pharos.toml:4: upstream.name: \"a\" is used twice"),
                          HasSubstr("pharos.toml:4: upstream.url")));
}

TEST(Loader, FiltersMayBeInlineTables) {
  const auto loaded = parse_settings(
      "[[upstream]]\nname = \"a\"\nurl = \"wss://a.example/\"\n"
      "filters = ['{\"kinds\":[1]}', { kinds = [30023], \"#t\" = [\"a \\\"b\\\"\"] }]\n",
      "pharos.toml", {});
  ASSERT_TRUE(loaded.has_value()) << loaded.error().front().text();
  const auto& filters = loaded.value().upstreams[0].values.list("filters");
  ASSERT_EQ(filters.size(), 2U);
  EXPECT_EQ(filters[0], "{\"kinds\":[1]}");
  std::string bare = filters[1];
  std::erase_if(bare, [](char c) { return c == ' ' || c == '\n'; });
  EXPECT_THAT(bare, ::testing::AllOf(HasSubstr("\"kinds\":[30023]"), HasSubstr("\"#t\":[\"a\\\"b\\\"\"]")));
  EXPECT_THAT(errors_of("[[upstream]]\nname = \"a\"\nurl = \"ws://x/\"\nfilters = [1]\n"),
              ElementsAre(HasSubstr("pharos.toml:4: upstream.filters: expected a list of filters")));
}

TEST(Loader, AMissingFileIsAnErrorThatNamesIt) {
  const auto error_of = [](const std::string& file) {
    const Reading reading = read_settings(file, {});
    EXPECT_FALSE(reading.complete);
    return reading.errors.empty() ? "read" : reading.errors.front().text();
  };
  EXPECT_THAT(error_of("/nonexistent/pharos.toml"), HasSubstr("/nonexistent/pharos.toml: cannot read"));
  EXPECT_EQ(error_of("/"), "/: cannot read: Is a directory");
  EXPECT_EQ(error_of("/dev/zero"), "/dev/zero: cannot read: File too large");
}

TEST(Loader, ASectionThatStandsTwiceIsToldWithBothLines) {
  EXPECT_THAT(errors_of("[relay]\n  [monitor]\nperiod = \"1m\"\n[log]\n[monitor]\nenabled = true\n"),
              ElementsAre(AllOf(HasSubstr("pharos.toml:5: "),
                                HasSubstr("; [monitor] stands on line 2 already, put the keys there"))));
}

TEST(Loader, AnUpstreamsUrlOfTheWrongTypeIsOneError) {
  EXPECT_THAT(errors_of("[[upstream]]\nname = \"a\"\nurl = 5\n"),
              ElementsAre("pharos.toml:3: upstream.url: expected a text in quotes"));
}

TEST(Loader, WhatCouldBeReadIsThereBesideTheErrors) {
  const Reading reading = read_settings_text("[relay]\nmax_limit = \"many\"\nname = \"x\"\n", "pharos.toml",
                                             {{"PHAROS_RELAY__PUBKEY", "y"}});
  EXPECT_EQ(reading.errors.size(), 1U);
  EXPECT_TRUE(reading.complete);
  EXPECT_EQ(reading.settings.values.text("relay.name"), "x");
  EXPECT_TRUE(reading.settings.values.is_refused("relay.max_limit"));
  EXPECT_FALSE(reading.settings.values.is_refused("relay.name"));
  EXPECT_EQ(error_at(reading.settings, "relay.name", "no").text(), "pharos.toml:3: relay.name: no");
  EXPECT_EQ(error_at(reading.settings, "relay.listen", "no").text(), "pharos.toml: relay.listen: no");
  EXPECT_THAT(keys_from_environment(reading.settings), ElementsAre("relay.pubkey"));
  EXPECT_FALSE(read_settings_text("[relay\n", "pharos.toml", {}).complete);
}

TEST(Loader, ChangesThatNeedARestartAreNamed) {
  const auto before = parse_settings("", "", {});
  const auto after = parse_settings("[relay]\nname = \"new\"\nlisten = \"127.0.0.1:9\"\n", "", {});
  EXPECT_THAT(changes_that_need_a_restart(before.value(), after.value()), ElementsAre("relay.listen"));
}

}  // namespace
}  // namespace pharos::config
