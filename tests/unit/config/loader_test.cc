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

TEST(Loader, ACharacterOutsideAsciiWhereNoneMayStandIsAnError) {
  EXPECT_THAT(errors_of("[relay]\nname = \"Köln\"\nböse = 1\n"),
              ElementsAre(HasSubstr("pharos.toml:3: a character outside ASCII")));
}

TEST(Loader, AMistypedSectionIsNamed) {
  EXPECT_THAT(errors_of("[stoarge]\n"), ElementsAre("pharos.toml:1: stoarge: unknown section, did you mean storage?"));
}

TEST(Loader, AKeyAboveAllSectionsIsToldWhereItBelongs) {
  EXPECT_THAT(errors_of("listen = \"127.0.0.1:1\"\n[relay]\n"),
              ElementsAre("pharos.toml:1: listen: a key above all sections, put it under [relay] or [admin]"));
  EXPECT_THAT(errors_of("map_siez = 1\n"),
              ElementsAre("pharos.toml:1: map_siez: a key above all sections, did you mean map_size under [storage]?"));
  EXPECT_THAT(errors_of("url = \"wss://a.example/\"\n"),
              ElementsAre(HasSubstr("put it under [relay] or [[upstream]]")));
  EXPECT_THAT(errors_of("xyzzyplugh = 1\n"), ElementsAre("pharos.toml:1: xyzzyplugh: a key above all sections"));
}

TEST(Loader, VariablesThatAreNoneAreToldWithTheNearestOne) {
  EXPECT_THAT(unknown_variables({{"PHAROS_RELAY__LISTEN", "x"},
                                 {"PHAROS_RELAY_LISTN", "x"},
                                 {"PHAROS_SOMETHING_OF_OTHERS", "x"},
                                 {"HOME", "/"}}),
              ElementsAre("PHAROS_RELAY_LISTN is no setting, did you mean PHAROS_RELAY__LISTEN?",
                          HasSubstr("PHAROS_SOMETHING_OF_OTHERS is no setting")));
}

TEST(Loader, AWrongTypeSaysWhatWasExpected) {
  EXPECT_THAT(errors_of("[relay]\nmax_limit = \"many\"\n"),
              ElementsAre("pharos.toml:2: relay.max_limit: expected a whole number"));
  EXPECT_THAT(errors_of("[monitor]\nperiod = 15\n"), ElementsAre(HasSubstr("monitor.period: expected a duration")));
}

TEST(Loader, AListOfNumbersIsCheckedOneByOne) {
  const auto loaded = parse_settings("[storage]\nsearch_kinds = [1, 7]\n", "pharos.toml", {});
  ASSERT_TRUE(loaded.has_value());
  EXPECT_THAT(loaded.value().values.list("storage.search_kinds"), ElementsAre("1", "7"));
  EXPECT_THAT(errors_of("[storage]\nsearch_kinds = [1, 65536]\n"), ElementsAre(HasSubstr("out of range: 0 to 65535")));
  EXPECT_THAT(errors_of("[storage]\nsearch_kinds = [\"1\"]\n"),
              ElementsAre(HasSubstr("expected a list of whole numbers")));
  EXPECT_THAT(errors_of("[storage]\nsearch_kinds = 1\n"), ElementsAre(HasSubstr("expected a list of whole numbers")));
  const auto from_environment = parse_settings("", "pharos.toml", {{"PHAROS_STORAGE__SEARCH_KINDS", "1, 30023"}});
  ASSERT_TRUE(from_environment.has_value());
  EXPECT_THAT(from_environment.value().values.list("storage.search_kinds"), ElementsAre("1", "30023"));
  EXPECT_THAT(errors_of("", {{"PHAROS_STORAGE__SEARCH_KINDS", "1,x"}}), ElementsAre(HasSubstr("whole numbers")));
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
  ASSERT_EQ(loaded.value().tables.size(), 2U);
  EXPECT_EQ(loaded.value().tables[0].values.text("direction"), "both");
  EXPECT_THAT(loaded.value().tables[1].values.list("filters"), ElementsAre("{}"));
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
  const auto& filters = loaded.value().tables[0].values.list("filters");
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

TEST(Loader, RatesAreAnAmountATimeAndABurst) {
  const auto loaded = parse_settings(
      "[rate]\nconnection_events = \"600/min\"\naddress_events = \"20/s burst 400\"\npubkey_events = \"\"\n"
      "unknown_pubkey_events = \"off\"\nconnection_bytes = \"2MiB/s burst 32MiB\"\naddress_bytes = \"4096/d\"\n",
      "pharos.toml", {{"PHAROS_RATE__ADDRESS_CONNECTIONS", "5/h burst 9"}});
  ASSERT_TRUE(loaded.has_value()) << loaded.error().front().text();
  const Values& values = loaded.value().values;
  using std::chrono::seconds;
  EXPECT_EQ(values.rate("rate.connection_events"), (Rate{600, seconds(60), 600}));
  EXPECT_EQ(values.rate("rate.address_events"), (Rate{20, seconds(1), 400}));
  EXPECT_FALSE(values.rate("rate.pubkey_events").is_bound());
  EXPECT_FALSE(values.rate("rate.unknown_pubkey_events").is_bound());
  EXPECT_EQ(values.rate("rate.connection_bytes"), (Rate{2U << 20U, seconds(1), 32U << 20U}));
  EXPECT_EQ(values.rate("rate.address_bytes"), (Rate{4096, seconds(86'400), 4096}));
  EXPECT_EQ(values.rate("rate.address_connections"), (Rate{5, seconds(3'600), 9}));
}

TEST(Loader, WhatIsNoRateIsNamedWithItsLine) {
  for (const char* text : {"20",
                           "20/",
                           "/s",
                           "0/s",
                           "-1/s",
                           "20/m",
                           "20/S",
                           "20 /s",
                           "20/s burst",
                           "20/s burst 0",
                           "20/s burst 5 ",
                           "20/s  burst 5",
                           "burst 5",
                           "1.5/s",
                           "64KiB/s",
                           "9999999999999999999/s",
                           "2000000000000000/s",
                           "none",
                           " ",
                           "20/s\\u0000"}) {
    EXPECT_THAT(errors_of(std::string("[rate]\n\nconnection_events = \"") + text + "\"\n"),
                ElementsAre(AllOf(HasSubstr("pharos.toml:3: rate.connection_events: expected a rate such as"))))
        << text;
  }
  EXPECT_THAT(errors_of("[rate]\nconnection_events = 20\n"), ElementsAre(HasSubstr("expected a rate")));
  EXPECT_THAT(errors_of("[rate]\nconnection_bytes = \"20KB/s\"\n"), ElementsAre(HasSubstr("\"2MiB/s burst 32MiB\"")));
  EXPECT_THAT(errors_of("", {{"PHAROS_RATE__ADDRESS_CONNECTIONS", "many"}}), ElementsAre(HasSubstr("expected a rate")));
}

TEST(Loader, TablesOfAListWithoutNamesMayBeAlike) {
  const auto loaded =
      parse_settings("[[kind_limit]]\nkinds = [3, \"10000-19999\"]\n[[kind_limit]]\nkinds = [\"7\"]\n", "", {});
  ASSERT_TRUE(loaded.has_value()) << loaded.error().front().text();
  const auto tables = loaded.value().tables_of("kind_limit");
  ASSERT_EQ(tables.size(), 2U);
  EXPECT_THAT(tables[0]->values.list("kinds"), ElementsAre("3", "10000-19999"));
  for (const char* kinds : {"[65536]", "[-1]", "[\"x\"]", "[\"9-3\"]", "[1.5]", "7", "[[7]]"}) {
    EXPECT_THAT(errors_of(std::string("[[kind_limit]]\nkinds = ") + kinds), ElementsAre(HasSubstr("a list of kinds")))
        << kinds;
  }
}

TEST(Loader, AHeadingOfTooManyBracketsIsAnErrorLikeAnyOther) {
  EXPECT_THAT(errors_of("\n[[[upstream]]\n"), ElementsAre(HasSubstr("pharos.toml:2")));
}

}  // namespace
}  // namespace pharos::config
