// What the table of settings cannot see: addresses, and settings that must fit one another.

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>

#include "app/options_map.h"
#include "support/paths.h"

namespace pharos::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Result<AllOptions, std::vector<config::SettingError>> map(const std::string& toml) {
  return map_options(config::parse_settings(toml, "test.toml", {}).value(), 4);
}

std::string refusal(const std::string& toml) {
  const auto options = map(toml);
  return options ? "accepted" : options.error().front().text();
}

TEST(OptionsCheck, AddressesAreLookedAtBeforeTheyAreUsed) {
  EXPECT_THAT(refusal("[relay]\nlisten = \"localhost:7777\"\n"), HasSubstr("test.toml:2: relay.listen: "));
  EXPECT_THAT(refusal("[admin]\nlisten = \"9464\"\n"), HasSubstr("test.toml:2: admin.listen: "));
  EXPECT_THAT(refusal("[monitor]\nsocks5_proxy = \"tor:9050\"\n"), HasSubstr("test.toml:2: monitor.socks5_proxy: "));
  EXPECT_THAT(refusal("[[upstream]]\nname = \"a\"\nurl = \"ws://a.example\"\nsocks5_proxy = \"127.0.0.1\"\n"),
              HasSubstr("test.toml:4: upstream.socks5_proxy: "));
  EXPECT_THAT(refusal("[relay]\ntrusted_proxies = [\"proxy.example\"]\n"),
              HasSubstr("test.toml:2: relay.trusted_proxies: "));
}

TEST(OptionsCheck, SettingsFitOneAnother) {
  EXPECT_THAT(refusal("[router]\nread_timeout = \"30s\"\n"), HasSubstr("router.read_timeout: must be longer than"));
  EXPECT_THAT(refusal("[router]\nbackoff_cap = \"500ms\"\n"), HasSubstr("router.backoff_first: is greater than"));
  EXPECT_THAT(refusal("[relay]\nmax_auth_attempts = 15\n"), HasSubstr("relay.max_auth_keys: is greater than"));
}

TEST(OptionsCheck, AnEventMayBeLargerThanAMessageOfAClient) {
  EXPECT_EQ(refusal("[relay]\nmax_outbound_bytes = \"4MiB\"\n[ingest]\nmax_event_bytes = \"1MiB\"\n"), "accepted")
      << "mirrors and imports bring it";
  EXPECT_EQ(refusal("[relay]\nmax_message_bytes = \"128KiB\"\n"), "accepted");
}

TEST(OptionsCheck, AnEoseHintForThoseListedHasAList) {
  EXPECT_THAT(refusal("[relay]\neose_hint = \"listed\"\n"), HasSubstr("test.toml:2: relay.eose_hint_clients: "));
  EXPECT_EQ(refusal("[relay]\neose_hint_clients = [\"node\"]\n"), "accepted") << "switched off for a while";
  EXPECT_EQ(refusal("[relay]\neose_hint = \"listed\"\neose_hint_clients = [\"node\"]\n"), "accepted");
}

TEST(OptionsCheck, Nip11TakesTheContactForAUri) {
  const auto contact = [](const std::string& text) { return refusal("[relay]\ncontact = \"" + text + "\"\n"); };
  for (const char* good :
       {"", "mailto:admin@example.com", "https://example.com/contact", "nostr:npub1xyz", "tel:+49-1"})
    EXPECT_EQ(contact(good), "accepted") << good;
  EXPECT_THAT(
      contact("admin@example.com"),
      HasSubstr("test.toml:2: relay.contact: is no URI; for a mail address write \"mailto:admin@example.com\""));
  for (const char* bad : {"ask the admin", "example.com/contact", ":x", "mailto:", "mailto:a b@example.com"})
    EXPECT_THAT(contact(bad), HasSubstr("is no URI such as")) << bad;
  EXPECT_THAT(contact("nsec1xyz"), ::testing::Not(HasSubstr("nsec"))) << "what is pasted may be a secret";
}

TEST(OptionsCheck, Nip11TakesImagesFromTheWeb) {
  for (const std::string key : {"icon", "banner"}) {
    const auto image = [&](const std::string& text) { return refusal("[relay]\n" + key + " = \"" + text + "\"\n"); };
    for (const char* good : {"", "https://example.com/a.png", "http://example.com/a.png"})
      EXPECT_EQ(image(good), "accepted") << good;
    for (const char* bad : {"ftp://example.com/a.png", "a.png", "/a.png", "https://", "javascript:x", "https://a b"})
      EXPECT_THAT(image(bad), HasSubstr("test.toml:2: relay." + key + ": ")) << bad;
  }
}

TEST(OptionsCheck, PairsCarryTheLineOfTheOneThatIsSet) {
  EXPECT_THAT(refusal("[relay]\nmax_limit = 100\n"), HasSubstr("test.toml:2: relay.default_limit: is greater than"));
  EXPECT_THAT(refusal("[relay]\ntls_key = \"k.pem\"\n"), HasSubstr("test.toml:2: relay.tls_certificate: "));
  EXPECT_THAT(refusal("[ingest]\nmax_event_bytes = \"9MiB\"\n"), HasSubstr("test.toml:2: relay.max_outbound_bytes: "));
}

TEST(OptionsCheck, TwoListenersDoNotShareAPort) {
  const auto both = [](const std::string& relay, const std::string& admin) {
    return refusal("[relay]\nlisten = \"" + relay + "\"\n[admin]\nlisten = \"" + admin + "\"\n");
  };
  EXPECT_THAT(both("127.0.0.1:1", "127.0.0.1:1"), HasSubstr("test.toml:4: admin.listen: "));
  EXPECT_THAT(both("[::]:1", "127.0.0.1:1"), HasSubstr("admin.listen: "));
  EXPECT_EQ(both("127.0.0.1:0", "127.0.0.1:0"), "accepted");
  EXPECT_EQ(both("127.0.0.1:1", "127.0.0.2:1"), "accepted");
}

TEST(OptionsCheck, TheDataDirectoryDoesNotDependOnWhereACommandIsTyped) {
  EXPECT_THAT(refusal("[storage]\ndirectory = \"data\"\n"),
              HasSubstr("test.toml:2: storage.directory: must be an absolute path"));
}

TEST(OptionsCheck, AFilterThatIsRefusedIsOneError) {
  const auto options = map("[[upstream]]\nname = \"a\"\nurl = \"ws://a.example\"\nfilters = ['{\"limit\":5}']\n");
  ASSERT_FALSE(options.has_value());
  EXPECT_EQ(options.error().size(), 1U);
  EXPECT_THAT(refusal("[[upstream]]\nname = \"a\"\nurl = \"ws://a.example\"\nfilters = []\n"),
              HasSubstr("upstream.filters: at least one filter"));
}

TEST(OptionsCheck, TheRelaysNameHasThirtyCharactersAtMost) {
  std::string name;
  for (int i = 0; i < 30; ++i) name += "\xc3\xa4";
  EXPECT_EQ(refusal("[relay]\nname = \"" + name + "\"\n"), "accepted");
  EXPECT_THAT(refusal("[relay]\nname = \"" + name + "a\"\n"), HasSubstr("relay.name: is longer than 30"));
}

TEST(OptionsCheck, WhoMayConnectArrivesAtTheListener) {
  const auto defaults = map("").value().relay.listeners.at(0);
  EXPECT_GT(defaults.max_connections_per_address, 0U);
  EXPECT_THAT(defaults.trusted_proxies, ElementsAre(*IpRange::parse("127.0.0.1"), *IpRange::parse("::1")));
  const auto set =
      map("[relay]\nmax_connections_per_address = 3\ntrusted_proxies = [\"::FFFF:192.0.2.1\", \"10.0.0.0/8\"]\n");
  ASSERT_TRUE(set.has_value());
  EXPECT_EQ(set.value().relay.listeners.at(0).max_connections_per_address, 3U);
  EXPECT_THAT(set.value().relay.listeners.at(0).trusted_proxies,
              ElementsAre(*IpRange::parse("192.0.2.1"), *IpRange::parse("10.0.0.0/8")));
}

TEST(OptionsCheck, TheUnitWaitsLongerThanAnyDrain) {
  EXPECT_EQ(map("[relay]\ndrain_timeout = \"1m\"\n").value().drain_timeout, std::chrono::minutes(1));
  EXPECT_FALSE(config::parse_settings("[relay]\ndrain_timeout = \"61s\"\n", "test.toml", {}).has_value());
  std::ifstream unit(testing::source_dir() + "/deploy/pharos.service");
  const std::string text((std::istreambuf_iterator<char>(unit)), {});
  EXPECT_THAT(text, HasSubstr("\nTimeoutStopSec=120\n"));
}

// A variable would win over the file without a word.
TEST(OptionsCheck, TheUnitLeavesTheDataDirectoryToTheFile) {
  std::ifstream unit(testing::source_dir() + "/deploy/pharos.service");
  const std::string text((std::istreambuf_iterator<char>(unit)), {});
  EXPECT_THAT(text, Not(HasSubstr("PHAROS_STORAGE__DIRECTORY")));
  EXPECT_THAT(text, HasSubstr("\nStateDirectory=pharos\n"));
  EXPECT_EQ(map("").value().store.directory, "/var/lib/pharos") << "what StateDirectory makes";
}

TEST(OptionsCheck, NothingIsAdvertisedThatNobodySet) {
  EXPECT_EQ(map("").value().relay.info.software, "");
  EXPECT_EQ(map("[relay]\nsoftware = \"https://a.example\"\n").value().relay.info.software, "https://a.example");
}

}  // namespace
}  // namespace pharos::app
