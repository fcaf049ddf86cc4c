// Bans, allow lists and deletions of a running instance: over HTTP (NIP-86) and by the commands of the operator.

#include <gmock/gmock.h>

#include "support/eventually.h"
#include "support/http_auth.h"
#include "support/nostr_client.h"
#include "support/relay_fixture.h"

namespace pharos::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

class ModerationTest : public RelayFixture {
 protected:
  void SetUp() override { start("admins = [\"" + admin_.hex() + "\"]\n"); }

  // The whole answer to a request that this person signed.
  std::string manage(test::Person& person, const std::string& body) {
    return post(http_auth(person, "http://" + pharos_.relay_address(), body, now()), body);
  }
  std::string manage(const std::string& body) { return manage(admin_, body); }
  std::string post(const std::string& authorization, const std::string& body) {
    RawSocket socket(pharos_.relay_address());
    socket.send("POST / HTTP/1.1\r\nHost: " + pharos_.relay_address() +
                "\r\nConnection: close\r\nContent-Type: application/nostr+json+rpc\r\n" +
                (authorization.empty() ? "" : "Authorization: " + authorization + "\r\n") +
                "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    return socket.read_to_end();
  }
  std::size_t stored(const std::string& filter) {
    NostrClient reader(pharos_.relay_address());
    return reader.query(filter).size();
  }
  OkReply publish(const Event& event) {
    NostrClient writer(pharos_.relay_address());
    return writer.publish(event);
  }
  static std::string call(const std::string& method, const std::string& params) {
    return R"({"method":")" + method + R"(","params":[)" + params + "]}";
  }
  static std::string quoted(const std::string& text) { return "\"" + text + "\""; }

  test::Person admin_{1};
};

TEST_F(ModerationTest, Nip86ABannedKeyIsErasedAndStaysOutOverARestart) {
  ASSERT_TRUE(publish(alice_.event(1, now(), "spam")).accepted);
  ASSERT_TRUE(publish(bob_.event(1, now(), "fine")).accepted);
  const std::string banned = manage(call("banpubkey", quoted(alice_.hex()) + ",\"spam\""));
  EXPECT_THAT(banned, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(banned, HasSubstr(R"({"result":true})"));
  EXPECT_TRUE(eventually([&] { return stored(R"({"kinds":[1]})") == 1; }));
  EXPECT_THAT(manage(call("listbannedpubkeys", "")),
              HasSubstr(R"([{"pubkey":")" + alice_.hex() + R"(","reason":"spam"}])"));
  OkReply refused = publish(alice_.event(1, now(), "more"));
  EXPECT_FALSE(refused.accepted);
  EXPECT_THAT(refused.message, StartsWith("blocked: "));

  ASSERT_EQ(pharos_.terminate(), 0);
  ASSERT_TRUE(pharos_.start()) << pharos_.log();
  refused = publish(alice_.event(1, now(), "again"));
  EXPECT_FALSE(refused.accepted);
  EXPECT_THAT(manage(call("unbanpubkey", quoted(alice_.hex()))), HasSubstr("true"));
  EXPECT_TRUE(publish(alice_.event(1, now(), "back")).accepted);
}

TEST_F(ModerationTest, Nip86ABannedEventGoesAndMayComeBackWhenAllowed) {
  const Event note = alice_.event(1, now(), "no");
  ASSERT_TRUE(publish(note).accepted);
  EXPECT_THAT(manage(call("banevent", quoted(note.id.hex()))), HasSubstr("true"));
  EXPECT_TRUE(eventually([&] { return stored(R"({"kinds":[1]})") == 0; }));
  EXPECT_FALSE(publish(note).accepted);
  EXPECT_THAT(manage(call("listbannedevents", "")), HasSubstr(note.id.hex()));
  EXPECT_THAT(manage(call("allowevent", quoted(note.id.hex()))), HasSubstr("true"));
  EXPECT_TRUE(publish(note).accepted);
}

TEST_F(ModerationTest, Nip86OnlyAdministratorsAreHeard) {
  const std::string body = call("banpubkey", quoted(alice_.hex()));
  EXPECT_THAT(post("", body), StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(post("Nostr bm8=", body), StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(manage(bob_, body), StartsWith("HTTP/1.1 403"));
  const std::string url = "http://" + pharos_.relay_address() + "/";
  EXPECT_THAT(post(http_auth(admin_, url, "another body", now()), body), StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(post(http_auth(admin_, "https://relay.example.com/", body, now()), body), StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(post(http_auth(admin_, url, body, now() - 90), body), StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(manage(call("listbannedpubkeys", "")), HasSubstr(R"({"result":[]})"));
  const std::string once = http_auth(admin_, url, body, now());
  EXPECT_THAT(post(once, body), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(post(once, body), StartsWith("HTTP/1.1 401"));
}

TEST_F(ModerationTest, Nip86TextsAreTheDocumentsAtOnceAndOverARestart) {
  EXPECT_THAT(manage(call("changerelayname", "\"renamed\"")), HasSubstr("true"));
  EXPECT_THAT(run({"status"}), HasSubstr("has set something else for relay.name"));
  EXPECT_THAT(manage(call("changerelaydescription", "\"described\"")), HasSubstr("true"));
  EXPECT_THAT(manage(call("changerelayicon", "\"https://example.com/icon.png\"")), HasSubstr("true"));
  for (int i = 0; i < 2; ++i) {
    const std::string nip11 = document();
    EXPECT_THAT(nip11, HasSubstr(R"("name":"renamed")"));
    EXPECT_THAT(nip11, HasSubstr(R"("description":"described")"));
    EXPECT_THAT(nip11, HasSubstr(R"("icon":"https://example.com/icon.png")"));
    EXPECT_THAT(nip11, HasSubstr(",86,98]"));
    ASSERT_EQ(pharos_.terminate(), 0);
    ASSERT_TRUE(pharos_.start()) << pharos_.log();
  }
  EXPECT_THAT(manage(call("changerelayname", "\"\"")), HasSubstr("true"));
  EXPECT_THAT(document(), HasSubstr(R"("name":"pharos")"));
}

TEST_F(ModerationTest, Nip86EveryMethodTellsWhatIsWrong) {
  EXPECT_THAT(manage(call("supportedmethods", "")),
              ::testing::AllOf(HasSubstr("\"banpubkey\""), HasSubstr("\"listblockedips\""), HasSubstr("\"assignrole\""),
                               Not(HasSubstr("\"supportedmethods\""))));
  EXPECT_THAT(manage(call("stats", "")), HasSubstr(R"({"error":"unknown method)"));
  EXPECT_THAT(manage("[]"), HasSubstr("\"error\""));
  EXPECT_THAT(manage(call("banpubkey", "\"xyz\"")), HasSubstr("\"error\""));
  EXPECT_THAT(manage(call("listeventsneedingmoderation", "")), HasSubstr(R"({"result":[]})"));
  EXPECT_THAT(manage(call("banpubkey", quoted(admin_.hex()))), HasSubstr("administrator"));
}

TEST_F(ModerationTest, AnAllowListLocksOthersOutButNotTheAdministrator) {
  EXPECT_THAT(manage(call("allowpubkey", quoted(bob_.hex()))), HasSubstr("true"));
  const OkReply refused = publish(alice_.event(1, now(), "no"));
  EXPECT_FALSE(refused.accepted);
  EXPECT_THAT(refused.message, StartsWith("restricted: "));
  EXPECT_TRUE(publish(bob_.event(1, now(), "yes")).accepted);
  EXPECT_TRUE(publish(admin_.event(1, now(), "yes")).accepted);
  EXPECT_THAT(document(), HasSubstr(R"("restricted_writes":true)"));
  EXPECT_THAT(run({"deny", "pubkey", bob_.hex()}), HasSubstr("is off the allow list"));
  EXPECT_THAT(document(), HasSubstr(R"("restricted_writes":false)"));
}

TEST_F(ModerationTest, TheOperatorAsksForAnAllowListByItsName) {
  EXPECT_THAT(run({"allow", "pubkey", bob_.hex()}, 64), HasSubstr("--only where that is meant"));
  EXPECT_TRUE(publish(alice_.event(1, now(), "still")).accepted);
  EXPECT_THAT(run({"allow", "pubkey", bob_.hex(), "--only"}), HasSubstr("from now on nobody else may publish"));
  EXPECT_FALSE(publish(alice_.event(1, now(), "no more")).accepted);
}

TEST_F(ModerationTest, TheOperatorBansAndUnbansAndIsTold) {
  ASSERT_TRUE(publish(alice_.event(7, now(), "+")).accepted);
  EXPECT_THAT(run({"ban", "kind", "7", "--reason", "noise"}), HasSubstr("The kind 7 is banned now"));
  EXPECT_FALSE(publish(alice_.event(7, now(), "-")).accepted);
  EXPECT_THAT(run({"unban", "kind", "7"}), HasSubstr("The kind 7 is no longer banned"));
  EXPECT_TRUE(publish(alice_.event(7, now(), "-")).accepted);
  EXPECT_THAT(run({"ban", "pubkey", "nobody"}, 64), HasSubstr("\"nobody\" is neither"));
  EXPECT_THAT(run({"ban", "ip", "192.0.2.300"}, 64), HasSubstr("\"192.0.2.300\""));
  EXPECT_THAT(run({"allow", "ip", "192.0.2.1"}, 64), HasSubstr("unknown command \"ip\""));
  RawSocket admin(pharos_.admin_address());
  admin.send("GET /api/v1/access HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(admin.read_to_end(),
              HasSubstr(R"("actor":"operator","action":"disallowkind","subject":"7","reason":"noise")"));
}

TEST_F(ModerationTest, ABlockedAddressLosesItsConnectionsAndGetsNoOthers) {
  const std::string from = "X-Forwarded-For: 192.0.2.7\r\n";
  RawSocket open(pharos_.relay_address());
  ASSERT_TRUE(open.send(ws_request(from)));
  ASSERT_THAT(open.read_until("\r\n\r\n"), HasSubstr(" 101 "));
  EXPECT_THAT(run({"ban", "ip", "192.0.2.0/24"}), HasSubstr("The address block 192.0.2.0/24 is banned now"));
  EXPECT_TRUE(open.ends_within(std::chrono::seconds(10)));
  EXPECT_THAT(document("*/*", from), StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(document(), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(run({"unban", "ip", "192.0.2.0/24"}), HasSubstr("The address block 192.0.2.0/24 is no longer banned"));
  EXPECT_THAT(document("*/*", from), StartsWith("HTTP/1.1 200"));
}

TEST_F(ModerationTest, NobodyBlocksWhatAllComeThrough) {
  for (const char* own : {"127.0.0.1", "127.0.0.0/8", "::1", "::/0"}) {
    EXPECT_THAT(run({"ban", "ip", own}, 64), HasSubstr("relay.trusted_proxies")) << own;
    EXPECT_THAT(manage(call("blockip", quoted(own))), HasSubstr(R"({"error":")")) << own;
  }
  EXPECT_TRUE(publish(alice_.event(1, now(), "hello")).accepted);
}

TEST_F(ModerationTest, TheOperatorDeletesByFilter) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(publish(alice_.event(1, now(), std::to_string(i))).accepted);
  ASSERT_TRUE(publish(bob_.event(1, now(), "note")).accepted);
  const std::string filter = R"({"authors":[")" + alice_.hex() + R"("]})";
  EXPECT_THAT(run({"delete", "--filter", filter, "--dry-run"}), StartsWith("5 events, "));
  EXPECT_EQ(stored(R"({"kinds":[1]})"), 6U);
  EXPECT_THAT(pharos_.log(), Not(HasSubstr("the operator erased by filter")));
  EXPECT_THAT(run({"delete", "--filter", filter}), HasSubstr("erased"));
  EXPECT_THAT(pharos_.log(), HasSubstr("the operator erased by filter"));
  EXPECT_EQ(stored(R"({"kinds":[1]})"), 1U);
  EXPECT_THAT(run({"delete", "--filter", "{}"}, 64), HasSubstr("matches every event"));
  EXPECT_THAT(run({"delete", "--filter", "{"}, 64), HasSubstr("--filter"));
  EXPECT_THAT(run({"delete", "--filter", R"({"kinds":[1],"limit":1})"}, 64), HasSubstr("limit"));
}

TEST_F(ModerationTest, TheStatusIsForPeopleAndForMachines) {
  NostrClient open(pharos_.relay_address());
  ASSERT_TRUE(open.publish(alice_.event(1, now(), "hello")).accepted);
  const std::string text = run({"status"});
  EXPECT_THAT(text, HasSubstr("fine"));
  EXPECT_THAT(text, HasSubstr(pharos_.relay_address()));
  EXPECT_THAT(text, HasSubstr("clients   1 connection, "));
  EXPECT_THAT(run({"status", "--json"}), HasSubstr(R"("last_seq":1)"));
}

TEST_F(ModerationTest, WhatWasBannedDoesNotComeBackFromAnUpstreamOrAnImport) {
  const Event banned = alice_.event(1, now() - 7'200, "spam");
  const Event other = bob_.event(1, now() - 7'200, "fine");
  ASSERT_TRUE(publish(banned).accepted);
  ASSERT_TRUE(publish(other).accepted);

  PharosInstance mirror;
  ASSERT_TRUE(mirror.start()) << mirror.log();
  EXPECT_EQ(mirror.command({"ban", "pubkey", alice_.hex()}).exit_code, 0);
  ASSERT_EQ(mirror.terminate(), 0);
  mirror.set_settings("[[upstream]]\nname = \"first\"\nurl = \"" + pharos_.relay_url() + "\"\n");
  ASSERT_TRUE(mirror.start()) << mirror.log();
  NostrClient reader(mirror.relay_address());
  ASSERT_TRUE(eventually([&] { return reader.query(R"({"kinds":[1]})").size() == 1; })) << mirror.log();
  EXPECT_TRUE(eventually([&] {
    return mirror.command({"router", "status", "--json"}).out.find("banned") != std::string::npos;
  })) << mirror.command({"router", "status", "--json"}).out;
  EXPECT_THAT(reader.query(R"({"authors":[")" + alice_.hex() + R"("]})"), IsEmpty());
  EXPECT_THAT(reader.query(R"({"authors":[")" + bob_.hex() + R"("]})"), SizeIs(1));

  ASSERT_EQ(mirror.terminate(), 0);
  const Ran imported = mirror.command({"import", "-"}, test::to_json(banned) + "\n");
  EXPECT_EQ(imported.exit_code, 2) << imported.err;
  EXPECT_THAT(imported.err, HasSubstr("banned"));
}

TEST(Moderation, Nip86NothingOfItIsAnsweredWithoutAdministrators) {
  PharosInstance pharos;
  ASSERT_TRUE(pharos.start()) << pharos.log();
  RawSocket socket(pharos.relay_address());
  socket.send(
      "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/nostr+json+rpc\r\n"
      "Content-Length: 2\r\n\r\n{}");
  EXPECT_THAT(socket.read_to_end(), StartsWith("HTTP/1.1 405"));
  RawSocket reader(pharos.relay_address());
  reader.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAccept: application/nostr+json\r\n\r\n");
  EXPECT_THAT(reader.read_to_end(), Not(HasSubstr(",86,98]")));
}

}  // namespace
}  // namespace pharos::testing
