#include "monitor/target_book.h"

#include <gmock/gmock.h>

#include "monitor/candidates.h"
#include "monitor/target_file.h"
#include "nostr/kind.h"

namespace pharos::monitor {
namespace {

RelayUrl url(std::string_view text) { return RelayUrl::parse(text).value(); }

class TargetBookTest : public ::testing::Test {
 protected:
  MonitorOptions options;
  std::vector<std::string> bad;
  std::optional<TargetBook> book;

  void make() { book.emplace(options, OptOut(options.opt_out, &bad)); }
  TargetBook::Admission admit(std::string_view text, TargetSource source = TargetSource::discovered) {
    return book->admit(url(text), source, 1'000);
  }
};

TEST_F(TargetBookTest, TakesPublicHostsInTheirNormalFormOnce) {
  make();
  const auto first = admit("wss://Relay.Example.com:443");
  EXPECT_EQ(first.refusal, Refusal::none);
  EXPECT_EQ(book->find(first.id)->state.url, "wss://relay.example.com/");
  const auto again = admit("wss://relay.example.com/", TargetSource::settings);
  EXPECT_EQ(again.refusal, Refusal::known);
  EXPECT_EQ(again.id, first.id);
  EXPECT_EQ(book->find(first.id)->state.source, TargetSource::settings);
  EXPECT_EQ(book->counts()[0].unknown, 1U);
}

TEST_F(TargetBookTest, RefusesPrivateAndSpecialHosts) {
  make();
  for (const char* text : {"ws://127.0.0.1", "ws://10.1.2.3", "wss://192.168.1.1", "wss://[::1]", "wss://[fd00::1]",
                           "ws://localhost", "wss://relay", "wss://nas.local", "wss://x.internal", "ws://0.0.0.0",
                           "ws://169.254.169.254/latest", "wss://[::ffff:10.0.0.1]"})
    EXPECT_EQ(admit(text, TargetSource::settings).refusal, Refusal::not_public) << text;
  for (const char* text : {"wss://8.8.8.8", "wss://relay.damus.io", "wss://[2606:4700::1]"})
    EXPECT_EQ(admit(text).refusal, Refusal::none) << text;
  options.probe.allow_private_addresses = true;
  make();
  EXPECT_EQ(admit("ws://127.0.0.1:7777").refusal, Refusal::none);
}

TEST_F(TargetBookTest, LeavesAloneWhoAskedForIt) {
  options.opt_out = {"quiet.example.com", "wss://half.example.com/private", "not a host"};
  make();
  EXPECT_THAT(bad, ::testing::ElementsAre("not a host"));
  EXPECT_EQ(admit("wss://quiet.example.com/any").refusal, Refusal::opted_out);
  EXPECT_EQ(admit("wss://half.example.com/private", TargetSource::settings).refusal, Refusal::opted_out);
  EXPECT_EQ(admit("wss://half.example.com").refusal, Refusal::none);
}

TEST_F(TargetBookTest, CapsTheDiscoveredPathsOfOneHost) {
  options.max_paths_per_host = 3;
  make();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(admit("wss://spam.com/" + std::to_string(i)).refusal, Refusal::none);
  EXPECT_EQ(admit("wss://spam.com/3").refusal, Refusal::too_many_paths);
  EXPECT_EQ(admit("wss://spam.com/4", TargetSource::settings).refusal, Refusal::none);
  EXPECT_EQ(admit("wss://other.com/3").refusal, Refusal::none);
}

TEST_F(TargetBookTest, WhenFullTheDeadMakeRoomAndTheLivingStay) {
  options.max_targets = 2;
  make();
  const auto alive = admit("wss://alive.com");
  const auto dead = admit("wss://dead.com");
  book->judge(alive.id, true, 1);
  book->judge(alive.id, false, 2);
  EXPECT_EQ(admit("wss://third.com").refusal, Refusal::full);
  for (unsigned i = 0; i < kEvictAfter; ++i) book->judge(dead.id, false, 3);
  const auto third = admit("wss://third.com");
  EXPECT_EQ(third.refusal, Refusal::none);
  EXPECT_EQ(third.displaced, dead.id);
  book->erase(dead.id);
  EXPECT_EQ(book->size(), 2U);
  const auto named = admit("wss://named.com", TargetSource::settings);
  EXPECT_EQ(named.displaced, third.id) << "the operator's word counts more than a discovery";
  book->erase(third.id);
  const auto second = admit("wss://named2.com", TargetSource::settings);
  EXPECT_EQ(second.displaced, alive.id) << "more even than a discovery that opened once";
  book->erase(alive.id);
  EXPECT_EQ(admit("wss://named3.com", TargetSource::settings).refusal, Refusal::full);
}

TEST_F(TargetBookTest, TheLeastOfTheDiscoveredGoesFirst) {
  options.max_targets = 3;
  make();
  const auto online = admit("wss://online.com");
  const auto offline = admit("wss://offline.com");
  const auto fresh = admit("wss://fresh.com");
  book->judge(online.id, true, 1);
  book->judge(offline.id, true, 1);
  book->judge(offline.id, false, 2);
  for (const auto& expected : {fresh, offline, online}) {
    const auto named = admit("wss://named" + std::to_string(expected.id) + ".com", TargetSource::file);
    ASSERT_EQ(named.displaced, expected.id);
    book->erase(expected.id);
  }
}

TEST_F(TargetBookTest, ADiscoveryThatIsLongGoneMakesRoomForAnother) {
  options.max_targets = 1;
  make();
  const auto once = admit("wss://once.com");
  book->judge(once.id, true, 1);
  for (unsigned i = 1; i < kForgetAfter; ++i) book->judge(once.id, false, 2);
  EXPECT_EQ(admit("wss://next.com").refusal, Refusal::full);
  book->judge(once.id, false, 3);
  EXPECT_EQ(admit("wss://next.com").displaced, once.id);
}

TEST_F(TargetBookTest, CountsByNetworkAndState) {
  options.probe.socks5_proxy = "127.0.0.1:9050";
  make();
  const auto a = admit("wss://a.com");
  admit("ws://abc.onion");
  admit("ws://abc.i2p");
  EXPECT_TRUE(book->judge(a.id, true, 1));
  EXPECT_FALSE(book->judge(a.id, true, 2)) << "no change";
  EXPECT_TRUE(book->judge(a.id, false, 3));
  EXPECT_EQ(book->find(a.id)->state.failures, 1U);
  EXPECT_EQ(book->counts()[0].offline, 1U);
  EXPECT_EQ(book->counts()[1].unknown, 1U);
  EXPECT_EQ(book->counts()[2].ignored, 1U) << "no way leads to i2p";
  book->forgive(a.id);
  EXPECT_EQ(book->counts()[0].online, 1U);
  EXPECT_EQ(book->find(a.id)->state.failures, 0U);
}

TEST_F(TargetBookTest, RestoresOnlyWhatTheRulesOfTodayAllow) {
  options.opt_out = {"quiet.example.com"};
  make();
  TargetState state;
  state.url = "wss://quiet.example.com/";
  EXPECT_EQ(book->restore(state).refusal, Refusal::opted_out);
  state.url = "wss://a.com/";
  state.failures = 4;
  const auto restored = book->restore(state);
  EXPECT_EQ(book->find(restored.id)->state, state);
  state.url = "nonsense";
  EXPECT_NE(book->restore(state).refusal, Refusal::none);
}

TEST(TargetFile, SkipsCommentsAndNamesTheLineOfAnError) {
  const TargetFile file = parse_target_file(
      "\xef\xbb\xbf# relays\nwss://A.example.com  # fast\r\n\n  wss://b.example.com/x/\nhttps://c.example.com\n"
      "wss://a.example.com/",
      "relays.txt");
  ASSERT_EQ(file.urls.size(), 2U);
  EXPECT_EQ(file.urls[0].text(), "wss://a.example.com/");
  EXPECT_EQ(file.urls[1].text(), "wss://b.example.com/x");
  ASSERT_EQ(file.errors.size(), 1U);
  EXPECT_THAT(file.errors[0], ::testing::StartsWith("relays.txt:5: "));
  EXPECT_THAT(file.errors[0], ::testing::EndsWith("https://c.example.com"));
}

TEST(TargetFile, ReportsAFewErrorsAndCountsAll) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "nonsense\n";
  const TargetFile file = parse_target_file(text, "f");
  EXPECT_EQ(file.errors.size(), kMaxReported);
  EXPECT_EQ(file.bad_lines, 100U);
  EXPECT_THAT(read_target_file("/does/not/exist").error(), ::testing::HasSubstr("/does/not/exist"));
}

TEST(Candidates, ComeFromRelayListsAndDiscoveriesAlone) {
  Event event;
  event.kind = kind::kRelayList;
  event.tags = {{"r", "wss://A.com", "read"}, {"r", "wss://a.com/"}, {"r", "junk"}, {"d", "wss://no.com"}, {"r"},
                {"r", "wss://b.com"}};
  const auto lists = candidate_urls(event, 10);
  ASSERT_EQ(lists.size(), 2U);
  EXPECT_EQ(lists[1].text(), "wss://b.com/");
  EXPECT_EQ(candidate_urls(event, 1).size(), 1U);
  event.kind = kind::kRelayDiscovery;
  event.tags = {{"d", "wss://c.com"}, {"d", "wss://d.com"}};
  EXPECT_EQ(candidate_urls(event, 10).size(), 1U);
  event.kind = 1;
  EXPECT_TRUE(candidate_urls(event, 10).empty());
}

}  // namespace
}  // namespace pharos::monitor
