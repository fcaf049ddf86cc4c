// The running program: NIP-11, publishing and querying, metrics that add up, TLS, signals, bad settings.

#include <fstream>
#include <map>

#include <gmock/gmock.h>
#include <signal.h>

#include "nostr/schnorr.h"
#include "support/eventually.h"
#include "support/nostr_client.h"
#include "support/pharos_instance.h"
#include "support/signed_notes.h"

namespace pharos::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Sum of all series of one metric, by name, from a scrape.
std::map<std::string, double> sums(const std::string& scrape) {
  std::map<std::string, double> totals;
  std::istringstream in(scrape);
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    const auto space = line.rfind(' ');
    totals[line.substr(0, line.find_first_of("{ "))] += std::strtod(line.c_str() + space, nullptr);
  }
  return totals;
}

TEST(Serve, AnswersNip11WithCorsAndPreflight) {
  PharosInstance relay("name = \"lighthouse\"");
  ASSERT_TRUE(relay.start()) << relay.log();
  const HttpReply document = http_get(relay.relay_address(), "/", "Accept: application/nostr+json\r\n");
  EXPECT_EQ(document.status, 200U);
  EXPECT_THAT(document.body, HasSubstr("\"name\":\"lighthouse\""));
  EXPECT_THAT(document.body, HasSubstr("\"self\":\""));
  for (const char* header :
       {"Access-Control-Allow-Origin", "Access-Control-Allow-Headers", "Access-Control-Allow-Methods"}) {
    EXPECT_THAT(document.head, HasSubstr(header));
  }
  const HttpReply preflight = http_exchange(
      relay.relay_address(), "OPTIONS / HTTP/1.1\r\nHost: x\r\nOrigin: https://a.example\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(preflight.status, ::testing::AnyOf(200U, 204U));
  EXPECT_THAT(preflight.head, HasSubstr("Access-Control-Allow-Origin"));
  EXPECT_EQ(http_get(relay.relay_address(), "/elsewhere").status, 404U);
}

TEST(Serve, ShowsBrowsersAPageWithItsFigures) {
  PharosInstance relay("url = [\"wss://relay.example\"]");
  ASSERT_TRUE(relay.start()) << relay.log();
  const HttpReply page = http_get(relay.relay_address(), "/", "Accept: text/html\r\n");
  EXPECT_EQ(page.status, 200U);
  EXPECT_THAT(page.head, HasSubstr("text/html"));
  EXPECT_THAT(page.head, HasSubstr("Content-Security-Policy: default-src 'none'"));
  EXPECT_THAT(page.body, HasSubstr("wss://relay.example/"));
  EXPECT_THAT(page.body, HasSubstr("<dt>events stored</dt><dd>0</dd>"));
  EXPECT_THAT(page.body, HasSubstr("<dt>connections</dt><dd>0</dd>"));
}

TEST(Serve, EveryReceivedEventIsCountedOnceByItsFate) {
  PharosInstance relay;
  ASSERT_TRUE(relay.start()) << relay.log();
  const SystemClock clock;
  SeededRandom random(5);
  const SecretKey key = generate_secret_key(random);
  const auto make = [&](Kind kind, UnixSeconds at, const std::string& content) {
    Event event;
    event.kind = kind;
    event.created_at = at;
    event.content = content;
    sign_event(event, key, random);
    return event;
  };
  NostrClient client(relay.relay_address());
  const UnixSeconds now = clock.unix_now();
  const Event note = make(1, now, "kept");
  EXPECT_TRUE(client.publish(note).accepted);
  EXPECT_TRUE(client.publish(note).accepted) << "a duplicate is accepted";
  EXPECT_TRUE(client.publish(make(20001, now, "ephemeral")).accepted);
  EXPECT_TRUE(client.publish(make(0, now, "new")).accepted);
  EXPECT_FALSE(client.publish(make(0, now - 10, "old")).accepted);
  Event forged = make(1, now, "forged");
  forged.content = "changed";
  EXPECT_FALSE(client.publish(forged).accepted);

  const auto totals = sums(http_get(relay.admin_address(), "/metrics").body);
  EXPECT_EQ(totals.at("pharos_events_received_total"), 6);
  EXPECT_EQ(totals.at("pharos_events_stored_total"), 2);
  EXPECT_EQ(totals.at("pharos_events_received_total"),
            totals.at("pharos_events_stored_total") + totals.at("pharos_events_duplicate_total") +
                totals.at("pharos_events_rejected_total") + totals.at("pharos_events_ephemeral_total") +
                totals.at("pharos_events_replaced_total"));
}

TEST(Serve, ALiveScrapePassesPromtool) {
  PharosInstance relay;
  ASSERT_TRUE(relay.start()) << relay.log();
  NostrClient client(relay.relay_address());
  const SystemClock clock;
  for (const Event& note : signed_notes(20, clock.unix_now() - 50, 31)) EXPECT_TRUE(client.publish(note).accepted);
  client.query("{}");
  const HttpReply scrape = http_get(relay.admin_address(), "/metrics");
  ASSERT_EQ(scrape.status, 200U);
  const Ran checked = run({"promtool", "check", "metrics"}, scrape.body);
  if (checked.exit_code == 127) GTEST_SKIP() << "promtool is not installed";
  EXPECT_EQ(checked.exit_code, 0) << checked.out << checked.err;
  EXPECT_EQ(http_get(relay.admin_address(), "/healthz").status, 200U);
  EXPECT_EQ(http_get(relay.admin_address(), "/readyz").status, 200U);
}

TEST(Serve, SigtermDrainsWhatIsInFlightAndStoresWhatItAcknowledgesNothingElse) {
  PharosInstance relay;
  ASSERT_TRUE(relay.start()) << relay.log();
  const SystemClock clock;
  const auto notes = signed_notes(2'000, clock.unix_now() - 2'000, 41);
  NostrClient client(relay.relay_address());
  std::size_t acknowledged = 0;
  for (; acknowledged < 200; ++acknowledged) ASSERT_TRUE(client.publish(notes[acknowledged]).accepted);
  for (std::size_t i = acknowledged; i < notes.size(); ++i) {
    std::string text;
    append_event_command(text, notes[i]);
    ASSERT_TRUE(client.ws().send(text));
  }
  relay.process().signal(SIGTERM);
  while (const auto message = client.next()) {
    const auto* ok = std::get_if<OkReply>(&*message);
    if (ok != nullptr && ok->accepted) ++acknowledged;
  }
  EXPECT_THAT(client.ws().close_code(), ::testing::AnyOf(1001, 1012));
  EXPECT_EQ(relay.process().wait(), 0) << relay.log();
  EXPECT_GT(acknowledged, 200U);
  EXPECT_EQ(relay.command({"scan", "--count"}).out, std::to_string(acknowledged) + "\n");
}

TEST(Serve, SpeaksTlsAndTakesANewCertificateOnHangup) {
  PharosInstance relay;
  const auto certificate = relay.directory() / "cert.pem";
  const auto key = relay.directory() / "key.pem";
  const auto issue = [&](const std::string& name) {
    return run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-days", "2", "-subj", "/CN=" + name, "-keyout", key.string(), "-out", certificate.string()});
  };
  if (issue("first.example").exit_code != 0) GTEST_SKIP() << "openssl is not installed";
  std::filesystem::permissions(key, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  relay.set_settings("tls_certificate = \"" + certificate.string() + "\"\ntls_key = \"" + key.string() + "\"\n");
  ASSERT_TRUE(relay.start()) << relay.log();
  const auto subject = [&] {
    return run({"sh", "-c",
                "openssl s_client -connect " + relay.relay_address() + " </dev/null 2>/dev/null | grep subject"})
        .out;
  };
  EXPECT_THAT(subject(), HasSubstr("first.example"));
  ASSERT_EQ(issue("second.example").exit_code, 0);
  relay.process().signal(SIGHUP);
  EXPECT_TRUE(eventually([&] { return subject().find("second.example") != std::string::npos; })) << relay.log();
}

TEST(Serve, BadSettingsNameFileLineKeyAndTheNearestKnownKey) {
  PharosInstance relay("[relay.limits]\n");
  relay.set_settings("nmae = \"x\"\n");
  EXPECT_FALSE(relay.start());
  EXPECT_EQ(relay.process().wait(), 78);
  std::ifstream file(relay.config_file());
  int number = 1;
  for (std::string line; std::getline(file, line) && !line.starts_with("nmae");) ++number;
  EXPECT_THAT(relay.log(), HasSubstr(relay.config_file().string() + ":" + std::to_string(number) + ": "));
  EXPECT_THAT(relay.log(), HasSubstr("nmae"));
  EXPECT_THAT(relay.log(), HasSubstr("name"));
}

TEST(Serve, ASecondInstanceOnTheSameDataIsRefused) {
  PharosInstance relay;
  ASSERT_TRUE(relay.start()) << relay.log();
  const Ran second = relay.command({"serve"});
  EXPECT_EQ(second.exit_code, 75) << second.err;
  EXPECT_THAT(second.err, HasSubstr(relay.data().string()));
}

TEST(Serve, AnotherIdentityThanTheDatabaseKnewIsWarnedOf) {
  PharosInstance relay;
  ASSERT_TRUE(relay.start()) << relay.log();
  EXPECT_THAT(relay.log(), Not(HasSubstr("the relay is another one now"))) << "a new database";
  ASSERT_TRUE(
      NostrClient(relay.relay_address()).publish(signed_notes(1, SystemClock().unix_now(), 1).front()).accepted);
  ASSERT_EQ(relay.terminate(), 0) << relay.log();
  std::filesystem::remove(relay.data() / "identity.key");
  ASSERT_TRUE(relay.start()) << relay.log();
  EXPECT_THAT(relay.log(), HasSubstr("the relay is another one now"));
}

TEST(Serve, ASlowReaderIsCutOffAndOthersAreServed) {
  PharosInstance relay("max_outbound_bytes = \"1MiB\"\n");
  ASSERT_TRUE(relay.start()) << relay.log();
  const SystemClock clock;
  NostrClient writer(relay.relay_address());
  NostrClient slow(relay.relay_address());
  slow.subscribe("all", "{\"kinds\":[1]}");
  NostrClient quick(relay.relay_address());
  quick.subscribe("all", "{\"kinds\":[1],\"limit\":0}");
  // Far more than the cap and what the kernel buffers; the slow client never reads.
  const auto notes = signed_notes(400, clock.unix_now() - 200, 51, 60'000);
  std::size_t seen = 0;
  const auto disconnects = [&] {
    return sums(http_get(relay.admin_address(), "/metrics").body)["pharos_slow_client_disconnects_total"];
  };
  std::size_t published = 0;
  for (const Event& note : notes) {
    ASSERT_TRUE(writer.publish(note).accepted);
    // It is told why, once it reads again.
    if (!slow.ws().closed() && ++published % 2 == 0 && disconnects() == 1) {
      while (slow.next()) {
      }
      EXPECT_EQ(slow.ws().close_code(), 1008);
      EXPECT_EQ(slow.ws().close_reason(), "slow reader");
    }
    while (const auto message = quick.next(std::chrono::milliseconds(1)))
      seen += std::holds_alternative<EventReply>(*message);
  }
  while (seen < notes.size()) {
    const auto message = quick.next();
    ASSERT_TRUE(message.has_value());
    seen += std::holds_alternative<EventReply>(*message);
  }
  EXPECT_TRUE(slow.ws().closed());
  EXPECT_EQ(disconnects(), 1);
}

}  // namespace
}  // namespace pharos::testing
