// Who may read and write: AUTH for either, members, and what is taken from anyone all the same.

#include <csignal>
#include <fstream>

#include <gmock/gmock.h>

#include "nostr/schnorr.h"
#include "support/eventually.h"
#include "support/nostr_client_auth.h"
#include "support/relay_fixture.h"

namespace pharos::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

class MembershipTest : public RelayFixture {
 protected:
  NostrClient connect() const { return NostrClient(pharos_.relay_address()); }
  std::string asked(NostrClient& client, const std::string& filter = "{}") {
    std::string closed;
    client.query(filter, &closed);
    return closed;
  }
};

TEST_F(MembershipTest, Nip42ReadersAuthenticateFirst) {
  start("auth_to_read = true\n");
  EXPECT_THAT(document(), AllOf(HasSubstr(R"("auth_required":false)"), HasSubstr(R"("restricted_writes":false)")));
  NostrClient writer = connect();
  ASSERT_TRUE(writer.publish(alice_.event(1, now(), "hello")).accepted) << "whoever writes need not";
  NostrClient reader = connect();
  const std::string challenge = challenge_of(reader);
  ASSERT_FALSE(challenge.empty()) << "it comes before it is needed";
  EXPECT_THAT(asked(reader), StartsWith("auth-required: "));
  ASSERT_TRUE(answer_challenge(reader, bob_, challenge).accepted);
  EXPECT_THAT(reader.subscribe("live", R"({"kinds":[1]})"), SizeIs(1));
  ASSERT_TRUE(writer.publish(alice_.event(1, now(), "again")).accepted);
  const auto live = reader.next();
  ASSERT_TRUE(live && std::holds_alternative<EventReply>(*live));
  EXPECT_EQ(std::get<EventReply>(*live).event.content, "again");
}

TEST_F(MembershipTest, Nip42WritersAuthenticateAsAnybody) {
  start("auth_to_write = true\nurl = [\"wss://relay.example.com/\"]\n");
  EXPECT_THAT(document(), AllOf(HasSubstr(R"("auth_required":false)"), HasSubstr(R"("restricted_writes":true)")));
  NostrClient client = connect();
  const Event note = alice_.event(1, now(), "hello");
  const OkReply refused = client.publish(note);
  EXPECT_FALSE(refused.accepted);
  EXPECT_THAT(refused.message, StartsWith("auth-required: "));
  EXPECT_TRUE(client.publish(alice_.event(10002, now(), "")).accepted) << "NIP-65";
  EXPECT_TRUE(client.publish(alice_.event(62, now() - 60, "", {{"relay", "ALL_RELAYS"}})).accepted) << "NIP-62";
  EXPECT_THAT(asked(client), IsEmpty());
  ASSERT_TRUE(authenticate(client, bob_).accepted);
  EXPECT_TRUE(client.publish(note).accepted);
}

TEST_F(MembershipTest, WhereBothNeedAuthTheDocumentSaysSo) {
  start("auth_to_write = true\nauth_to_read = true\n");
  EXPECT_THAT(document(), HasSubstr(R"("auth_required":true)"));
}

TEST_F(MembershipTest, MembersAloneReadAndWriteUntilTheyAreNone) {
  start("members_only = \"read_write\"\n");
  EXPECT_THAT(document(), AllOf(HasSubstr(R"("auth_required":false)"), HasSubstr(R"("restricted_writes":true)")))
      << "members write without AUTH";
  EXPECT_THAT(document("text/html"), HasSubstr("members only; reading needs AUTH"));
  run({"allow", "pubkey", alice_.hex()});
  NostrClient member = connect();
  EXPECT_THAT(member.publish(bob_.event(1, now(), "hello")).message, StartsWith("restricted: "))
      << "AUTH would not help";
  ASSERT_TRUE(member.publish(alice_.event(1, now(), "hello")).accepted);
  EXPECT_THAT(asked(member), StartsWith("auth-required: "));
  ASSERT_TRUE(authenticate(member, alice_).accepted);
  EXPECT_THAT(member.subscribe("live", R"({"kinds":[1]})"), SizeIs(1));

  NostrClient stranger = connect();
  ASSERT_TRUE(authenticate(stranger, bob_).accepted);
  EXPECT_THAT(asked(stranger), StartsWith("restricted: "));
  EXPECT_THAT(stranger.publish(bob_.event(1, now(), "hello")).message, StartsWith("restricted: "));
  EXPECT_TRUE(stranger.publish(bob_.event(10050, now(), "", {{"relay", "wss://a.example/"}})).accepted) << "NIP-17";

  run({"deny", "pubkey", alice_.hex()});
  while (const auto message = member.next()) {
    if (const auto* closed = std::get_if<ClosedReply>(&*message)) {
      EXPECT_EQ(closed->subscription, "live");
      EXPECT_THAT(closed->message, StartsWith("restricted: "));
      break;
    }
  }
  EXPECT_THAT(asked(member), StartsWith("restricted: "));
  EXPECT_FALSE(member.publish(alice_.event(1, now(), "more")).accepted);
}

TEST_F(MembershipTest, ReadersAreAskedForAuthFromAReloadOn) {
  start("");
  NostrClient reader = connect();
  EXPECT_THAT(reader.subscribe("live", R"({"kinds":[1]})"), IsEmpty());
  EXPECT_THAT(asked(reader), IsEmpty());
  std::ofstream(pharos_.config_file(), std::ios::app) << "auth_to_read = true\n";
  pharos_.process().signal(SIGHUP);
  EXPECT_TRUE(eventually([&] { return !asked(reader).empty(); })) << pharos_.log();
  EXPECT_THAT(asked(reader), StartsWith("auth-required: "));
}

constexpr const char* kJoining =
    "members_only = \"read_write\"\njoin_requests = true\ninvite_codes = [\"come in, come in\"]\n"
    "url = [\"wss://relay.example.com/\"]\n";

TEST_F(MembershipTest, Nip43PeopleJoinInviteOthersAndLeave) {
  start(kJoining);
  EXPECT_THAT(document(), HasSubstr(",43,"));
  NostrClient alice = connect();
  const auto join = [&](test::Person& who, const std::string& code) {
    return who.event(28934, now(), "", {{"-"}, {"claim", code}});
  };
  EXPECT_THAT(alice.publish(join(alice_, "come in, come in")).message, StartsWith("auth-required: ")) << "NIP-70";
  ASSERT_TRUE(authenticate(alice, alice_).accepted);
  EXPECT_THAT(asked(alice), StartsWith("restricted: "));
  const OkReply wrong = alice.publish(join(alice_, "wrong"));
  EXPECT_FALSE(wrong.accepted);
  EXPECT_THAT(wrong.message, StartsWith("restricted: "));
  const OkReply joined = alice.publish(join(alice_, "come in, come in"));
  EXPECT_TRUE(joined.accepted);
  EXPECT_EQ(joined.message, "info: welcome to wss://relay.example.com/!");
  const OkReply again = alice.publish(alice_.event(28934, now() - 1, "", {{"-"}, {"claim", "come in, come in"}}));
  EXPECT_TRUE(again.accepted);
  EXPECT_THAT(again.message, StartsWith("duplicate: "));
  EXPECT_THAT(asked(alice), IsEmpty());
  EXPECT_TRUE(alice.publish(alice_.event(1, now(), "hello")).accepted);

  const auto invites = alice.query(R"({"kinds":[28935]})");
  ASSERT_THAT(invites, SizeIs(1));
  EXPECT_THAT(document(), HasSubstr("\"self\":\"" + invites[0].pubkey.hex() + "\""));
  EXPECT_TRUE(is_protected(invites[0]));
  EXPECT_EQ(verify_event(invites[0]), EventFault::none);
  EXPECT_THAT(alice.query(R"({"kinds":[28934,28936]})"), IsEmpty()) << "requests are not stored";
  const std::string code(invites[0].tags.first("claim").value_or(""));

  alice.ws().close();
  ASSERT_EQ(pharos_.terminate(), 0);
  ASSERT_TRUE(pharos_.start()) << pharos_.log();
  NostrClient bob = connect();
  ASSERT_TRUE(authenticate(bob, bob_).accepted);
  EXPECT_TRUE(bob.publish(join(bob_, code)).accepted);
  EXPECT_TRUE(bob.publish(bob_.event(28936, now(), "", {{"-"}})).accepted);
  EXPECT_THAT(asked(bob), StartsWith("restricted: "));
  EXPECT_FALSE(bob.publish(bob_.event(1, now(), "still here?")).accepted);

  // Spent, although nobody is a member by it any more: at once, and over a restart.
  test::Person carol(4);
  const auto refused_as_used = [&] {
    NostrClient client = connect();
    ASSERT_TRUE(authenticate(client, carol).accepted);
    const OkReply refused = client.publish(join(carol, code));
    EXPECT_FALSE(refused.accepted);
    EXPECT_EQ(refused.message, "restricted: that invite code was used already");
    client.ws().close();
  };
  refused_as_used();
  bob.ws().close();
  ASSERT_EQ(pharos_.terminate(), 0);
  ASSERT_TRUE(pharos_.start()) << pharos_.log();
  refused_as_used();
  NostrClient again_bob = connect();
  ASSERT_TRUE(authenticate(again_bob, bob_).accepted);
  EXPECT_TRUE(again_bob.publish(join(bob_, "come in, come in")).accepted) << "a code of the settings is for all";
}

TEST_F(MembershipTest, Nip43ASpentCodeStaysSpentWhenItsMemberIsTakenOffAndTheProgramIsKilled) {
  start(kJoining);
  run({"allow", "pubkey", alice_.hex()});
  NostrClient alice = connect();
  ASSERT_TRUE(authenticate(alice, alice_).accepted);
  const auto invites = alice.query(R"({"kinds":[28935]})");
  ASSERT_THAT(invites, SizeIs(1));
  const std::string code(invites[0].tags.first("claim").value_or(""));
  NostrClient bob = connect();
  ASSERT_TRUE(authenticate(bob, bob_).accepted);
  ASSERT_TRUE(bob.publish(bob_.event(28934, now(), "", {{"-"}, {"claim", code}})).accepted);
  run({"deny", "pubkey", bob_.hex()});
  alice.ws().close();
  bob.ws().close();
  pharos_.kill();
  ASSERT_TRUE(pharos_.start()) << pharos_.log();
  bob = connect();
  ASSERT_TRUE(authenticate(bob, bob_).accepted);
  const OkReply refused = bob.publish(bob_.event(28934, now(), "", {{"-"}, {"claim", code}}));
  EXPECT_EQ(refused.message, "restricted: that invite code was used already");
  RawSocket admin(pharos_.admin_address());
  admin.send("GET /api/v1/access HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string access = admin.read_to_end();
  EXPECT_THAT(access, AllOf(HasSubstr(R"("requests":[{"number":1,)"), HasSubstr(R"("action":"join")")));
  EXPECT_THAT(access, HasSubstr(R"("audit":[{"number":2,)")) << "what the operator did";
}

TEST_F(MembershipTest, Nip43TheRelayTellsWhoItsMembersAre) {
  start(kJoining);
  run({"allow", "pubkey", alice_.hex()});
  NostrClient reader = connect();
  ASSERT_TRUE(authenticate(reader, alice_).accepted);
  const auto listed = [&] {
    std::vector<std::string> members;
    const auto lists = reader.query(R"({"kinds":[13534]})");
    for (const Event& list : lists) {
      for (const TagView tag : list.tags) {
        if (tag[0] == "member") members.emplace_back(tag[1]);
      }
    }
    return members;
  };
  EXPECT_TRUE(eventually([&] { return listed() == std::vector{alice_.hex()}; })) << pharos_.log();
  run({"allow", "pubkey", bob_.hex()});
  EXPECT_TRUE(eventually([&] { return listed().size() == 2; }));
  std::vector<Event> added;
  ASSERT_TRUE(eventually([&] {
    added = reader.query(R"({"kinds":[8000],"#p":[")" + bob_.hex() + R"("]})");
    return added.size() == 1;
  }));
  EXPECT_TRUE(is_protected(added[0]));
  reader.ws().close();
  ASSERT_EQ(pharos_.terminate(), 0);
  ASSERT_TRUE(pharos_.start()) << pharos_.log();
  reader = connect();
  ASSERT_TRUE(authenticate(reader, alice_).accepted);
  EXPECT_THAT(listed(), SizeIs(2));
  run({"deny", "pubkey", bob_.hex()});
  EXPECT_TRUE(eventually([&] { return listed().size() == 1; }));
  EXPECT_TRUE(
      eventually([&] { return reader.query(R"({"kinds":[8001],"#p":[")" + bob_.hex() + R"("]})").size() == 1; }));
  EXPECT_THAT(reader.query(R"({"kinds":[8000],"#p":[")" + bob_.hex() + R"("]})"), SizeIs(1)) << "once";
}

TEST_F(MembershipTest, Nip43WithoutRequestsToJoinNothingOfItIsThere) {
  start("members_only = \"write\"\n");
  EXPECT_THAT(document(), ::testing::Not(HasSubstr(",43,")));
  NostrClient client = connect();
  ASSERT_TRUE(authenticate(client, alice_).accepted);
  NostrClient listener = connect();
  listener.subscribe("live", R"({"kinds":[28934]})");
  EXPECT_THAT(client.publish(alice_.event(28934, now(), "", {{"-"}, {"claim", "come in, come in"}})).message,
              StartsWith("restricted: "));
  EXPECT_FALSE(client.publish(alice_.event(1, now(), "in?")).accepted);
}

class DraftsTest : public MembershipTest, public ::testing::WithParamInterface<bool> {};

TEST_P(DraftsTest, Nip37GoToTheirAuthorAloneWhereTheyAreGated) {
  constexpr const char* kDrafts = R"({"kinds":[1234,10013,31234]})";
  const bool gated = GetParam();
  start(gated ? "gate_drafts = true\n" : "");
  EXPECT_EQ(document().find(",37,") != std::string::npos, gated);
  NostrClient author = connect();
  ASSERT_TRUE(authenticate(author, alice_).accepted);
  NostrClient other = connect();
  ASSERT_TRUE(authenticate(other, bob_).accepted);
  other.subscribe("live", R"({"kinds":[1,31234]})");
  ASSERT_TRUE(author.publish(alice_.event(31234, now(), "?", {{"d", "a"}, {"k", "1"}, {"p", bob_.hex()}})).accepted);
  ASSERT_TRUE(author.publish(alice_.event(1, now(), "a note")).accepted);
  const auto live = other.next();
  ASSERT_TRUE(live && std::holds_alternative<EventReply>(*live));
  EXPECT_EQ(std::get<EventReply>(*live).event.kind, gated ? 1 : 31234);
  EXPECT_THAT(author.query(kDrafts), SizeIs(1));
  EXPECT_THAT(other.query(kDrafts), SizeIs(gated ? 0 : 1));
  EXPECT_THAT(other.query("{}"), SizeIs(gated ? 1 : 2));
  NostrClient nobody = connect();
  EXPECT_EQ(asked(nobody, kDrafts).starts_with("auth-required: "), gated);
  other.ws().send(R"(["COUNT","c",{}])");
  const std::string count = gated ? R"("count":1)" : R"("count":2)";
  for (auto text = other.ws().receive(); true; text = other.ws().receive()) {
    ASSERT_TRUE(text);
    if (!text->starts_with(R"(["COUNT")")) continue;
    EXPECT_THAT(*text, HasSubstr(count));
    break;
  }
}

INSTANTIATE_TEST_SUITE_P(BothWays, DraftsTest, ::testing::Bool());

// Groups are stored like anything else; nothing of NIP-29 is claimed.
TEST_F(MembershipTest, Nip29EventsOfGroupsAreOrdinaryEvents) {
  start("");
  EXPECT_THAT(document(), ::testing::Not(HasSubstr(",29,")));
  NostrClient client = connect();
  std::size_t kinds = 0;
  for (Kind kind = 9000; kind <= 9022; ++kind, ++kinds) {
    EXPECT_TRUE(client.publish(alice_.event(kind, now(), "", {{"h", "group"}})).accepted) << kind;
  }
  for (Kind kind = 39000; kind <= 39005; ++kind, ++kinds) {
    EXPECT_TRUE(client.publish(alice_.event(kind, now() - 1, "old", {{"d", "group"}})).accepted) << kind;
    EXPECT_TRUE(client.publish(alice_.event(kind, now(), "new", {{"d", "group"}})).accepted) << kind;
  }
  EXPECT_THAT(client.query("{}"), SizeIs(kinds));
  EXPECT_THAT(client.query(R"({"#h":["group"]})"), SizeIs(23));
  EXPECT_THAT(client.query(R"({"#d":["group"]})"), SizeIs(6));
}

TEST_F(MembershipTest, OnlyTheWebOfTrustPublishes) {
  test::Person root(7);
  test::Person stranger(8);
  start("[ingest]\ntrust_roots = [\"" + root.hex() + "\"]\ntrust_pause = \"0s\"\n");
  EXPECT_THAT(document(), HasSubstr(R"("restricted_writes":true)"));
  NostrClient client = connect();
  int number = 0;
  const auto takes = [&](test::Person& who) {
    return client.publish(who.event(1, now(), "note " + std::to_string(++number)));
  };
  EXPECT_TRUE(eventually([&] { return !takes(stranger).accepted; })) << "once it is built";
  EXPECT_THAT(takes(stranger).message, StartsWith("restricted: not in the web of trust"));
  EXPECT_FALSE(takes(alice_).accepted);
  ASSERT_TRUE(client.publish(root.event(3, now(), "", {{"p", alice_.hex()}})).accepted);
  EXPECT_TRUE(eventually([&] { return takes(alice_).accepted; }));
  ASSERT_TRUE(client.publish(alice_.event(3, now(), "", {{"p", bob_.hex()}})).accepted);
  EXPECT_TRUE(eventually([&] { return takes(bob_).accepted; }));
  ASSERT_TRUE(client.publish(bob_.event(3, now(), "", {{"p", stranger.hex()}})).accepted);
  ASSERT_TRUE(client.publish(root.event(3, now() + 1, "", {})).accepted);
  EXPECT_TRUE(eventually([&] { return !takes(bob_).accepted; })) << "nobody follows them any more";
  EXPECT_FALSE(takes(stranger).accepted);
  EXPECT_TRUE(client.publish(stranger.event(10002, now(), "")).accepted);
}

}  // namespace
}  // namespace pharos::testing
