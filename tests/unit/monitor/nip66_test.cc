#include "monitor/nip66.h"

#include <fstream>
#include <sstream>

#include <gmock/gmock.h>

#include "nostr/json_write.h"
#include "nostr/kind.h"
#include "support/paths.h"

namespace pharos::monitor {
namespace {

// kind, one tag a line, content.
std::string rendered(const Event& event) {
  std::string out = "kind " + std::to_string(event.kind) + "\n";
  for (std::size_t i = 0; i < event.tags.size(); ++i) {
    out += '[';
    for (std::size_t item = 0; item < event.tags[i].size(); ++item) {
      if (item > 0) out += ',';
      append_json_string(out, event.tags[i][item]);
    }
    out += "]\n";
  }
  return out + event.content + "\n";
}

std::string golden(const std::string& name) {
  std::ifstream file(testing::source_dir() + "/tests/golden/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

RelayUrl url(std::string_view text) { return RelayUrl::parse(text).value(); }

CheckResult good(std::uint32_t ms) {
  CheckResult check;
  check.outcome = Outcome::ok;
  check.rtt_ms = ms;
  return check;
}
CheckResult bad(Fault fault) {
  CheckResult check;
  check.outcome = Outcome::failed;
  check.fault = fault;
  check.rtt_ms = 999;
  return check;
}

ProbeResult healthy() {
  ProbeResult result;
  result.open = good(234);
  result.read = good(31);
  result.write = good(45);
  result.read_without_auth = true;
  result.write_without_auth = true;
  result.spoke_nostr = true;
  return result;
}

Event discovery(const ProbeResult& result, std::string_view at = "wss://Some.Relay") {
  return build_discovery(url(at), result, 4'096);
}

TEST(Nip66, AHealthyRelayWithItsDocument) {
  ProbeResult result = healthy();
  result.nip11 = good(12);
  result.nip11_document =
      R"({ "name": "some", "supported_nips": [40, 1, 11, 1, "x"],
  "limitation": {"payment_required": true, "min_pow_difficulty": 20, "auth_required": true, "restricted_writes": true} })";
  EXPECT_EQ(rendered(discovery(result)), golden("nip66_discovery_healthy.txt"));
}

TEST(Nip66, ClaimsStandWhereNothingWasObserved) {
  ProbeResult result = healthy();
  result.write = bad(Fault::restricted);
  result.write_without_auth = false;
  result.nip11 = good(12);
  result.nip11_document = R"({"limitation":{"payment_required":true,"min_pow_difficulty":0,"auth_required":true}})";
  EXPECT_EQ(rendered(discovery(result)), golden("nip66_discovery_read_only.txt"));
}

TEST(Nip66, AnAuthRequiredRelayHasNeitherReadNorWriteTime) {
  ProbeResult result;
  result.open = good(80);
  result.read = bad(Fault::auth_required);
  result.write = bad(Fault::auth_required);
  result.auth_demanded_to_read = result.auth_demanded_to_write = true;
  result.spoke_nostr = true;
  EXPECT_EQ(rendered(discovery(result, "ws://abc.onion/inbox/")), golden("nip66_discovery_auth.txt"));
}

TEST(Nip66, LargeOrMissingDocumentsLeaveTheContentEmpty) {
  ProbeResult result = healthy();
  result.nip11 = good(12);
  result.nip11_document = R"({"supported_nips":[1],"description":")" + std::string(5'000, 'x') + "\"}";
  const Event event = discovery(result);
  EXPECT_EQ(event.content, "");
  EXPECT_EQ(event.tags.first("N"), "1");
}

TEST(Nip66, TheAnnouncementNamesPeriodTimeoutsAndChecks) {
  AnnouncementFacts facts;
  facts.frequency = std::chrono::minutes(15);
  facts.checks = {Check::open, Check::read, Check::write, Check::nip11, Check::auth};
  facts.geohash = "ww8p1r4t8";
  EXPECT_EQ(rendered(build_announcement(facts)), golden("nip66_announcement.txt"));
  facts.frequency = std::chrono::milliseconds(1'500);
  EXPECT_EQ(build_announcement(facts).tags.first("frequency"), "2");
}

TEST(Nip66, TheProfileEscapesItsFieldsAndLeavesOutEmptyOnes) {
  EXPECT_EQ(build_profile("a \"b\"", "").content, R"({"name":"a \"b\""})");
  EXPECT_EQ(build_profile("a", "b").content, R"({"name":"a","about":"b"})");
  EXPECT_EQ(build_profile("", "").content, "{}");
}

TEST(Nip66, TheRelayListNamesEachRelayOnce) {
  const Event event =
      build_relay_list("wss://own.example.com/", {url("wss://own.example.com"), url("wss://other.example.com")});
  EXPECT_EQ(event.kind, kind::kRelayList);
  EXPECT_EQ(event.tags, (TagList{{"r", "wss://own.example.com/"}, {"r", "wss://other.example.com/", "write"}}));
}

TEST(Nip66, StatementsAreComparedWithoutTheirDates) {
  Event a = build_profile("a", "b");
  Event b = a;
  b.created_at = 5;
  EXPECT_TRUE(same_statement(a, b));
  b.content = "{}";
  EXPECT_FALSE(same_statement(a, b));
}

}  // namespace
}  // namespace pharos::monitor
