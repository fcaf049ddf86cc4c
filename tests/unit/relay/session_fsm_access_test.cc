// Who may read at all: AUTH to read and members, as the rules of the moment say.
#include <gmock/gmock.h>

#include "fsm_fixture.h"

namespace pharos::relay {
namespace {

using ingest::MembersOnly;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr const char* kNegOpen = R"(["NEG-OPEN","n",{"kinds":[1]},"61000000"])";

class SessionFsmAccessTest : public FsmTest {
 protected:
  std::vector<std::string> obey() {
    Actions actions;
    fsm().on_rules(std::make_shared<const ingest::AccessRules>(std::make_shared<ingest::AccessLists>(lists_),
                                                               std::make_shared<ingest::FixedAccess>(fixed_), 1),
                   actions);
    return words(actions);
  }

  ingest::AccessLists lists_;
  ingest::FixedAccess fixed_;
};

TEST_F(SessionFsmAccessTest, Nip42NothingIsReadBeforeAuthAndAllOfItAfter) {
  fixed_.auth_to_read = true;
  EXPECT_THAT(obey(), IsEmpty());
  EXPECT_THAT(say(R"(["REQ","a",{}])"), ElementsAre(StartsWith(R"(["CLOSED","a","auth-required: )")));
  EXPECT_THAT(say(R"(["COUNT","b",{}])"), ElementsAre(StartsWith(R"(["CLOSED","b","auth-required: )")));
  EXPECT_THAT(say(kNegOpen), ElementsAre(StartsWith(R"(["NEG-ERR","n","auth-required: )")));
  EXPECT_THAT(say(R"(["NEG-MSG","n","61000000"])"), ElementsAre(StartsWith(R"(["NEG-ERR","n","auth-required: )")));
  EXPECT_EQ(fsm().subscriptions().size() + fsm().counts().size() + fsm().negotiations().size(), 0U);
  say(auth(alice_));
  EXPECT_THAT(say(R"(["REQ","a",{}])"), ElementsAre("watch 1", "scan 1"));
  EXPECT_THAT(say(R"(["COUNT","b",{}])"), ElementsAre("count b"));
  EXPECT_THAT(say(kNegOpen), ElementsAre("negotiate n"));
}

TEST_F(SessionFsmAccessTest, Nip42AFailedAuthOpensNothing) {
  fixed_.auth_to_read = true;
  obey();
  const Event wrong = alice_.event(22242, kNow, "", {{"relay", "wss://relay.example.com/"}, {"challenge", "other"}});
  say(R"(["AUTH",)" + test::to_json(wrong) + "]");
  EXPECT_THAT(say(R"(["REQ","a",{}])"), ElementsAre(StartsWith(R"(["CLOSED","a","auth-required: )")));
}

TEST_F(SessionFsmAccessTest, MembersAloneReadWhereTheyDo) {
  fixed_.members_only = MembersOnly::read_write;
  lists_.allowed_pubkeys[bob_.key()] = "";
  obey();
  EXPECT_THAT(say(R"(["REQ","a",{}])"), ElementsAre(StartsWith(R"(["CLOSED","a","auth-required: )")));
  say(auth(alice_));
  EXPECT_THAT(say(R"(["REQ","a",{}])"), ElementsAre(StartsWith(R"(["CLOSED","a","restricted: )")));
  EXPECT_THAT(say(kNegOpen), ElementsAre(StartsWith(R"(["NEG-ERR","n","restricted: )")));
  say(auth(bob_));
  EXPECT_THAT(say(R"(["REQ","a",{}])"), ElementsAre("watch 1", "scan 1"));
}

TEST_F(SessionFsmAccessTest, EverybodyReadsWhereMembersOnlyWrite) {
  fixed_.members_only = MembersOnly::write;
  obey();
  EXPECT_THAT(say(R"(["REQ","a",{}])"), ElementsAre("watch 1", "scan 1"));
}

TEST_F(SessionFsmAccessTest, WhatIsOpenEndsWhenItsReaderIsNoMemberAnyMore) {
  fixed_.members_only = MembersOnly::read_write;
  lists_.allowed_pubkeys[alice_.key()] = "";
  obey();
  say(auth(alice_));
  say(R"(["REQ","a",{}])");
  say(R"(["COUNT","b",{}])");
  say(kNegOpen);
  lists_.allowed_pubkeys[bob_.key()] = "";
  EXPECT_THAT(obey(), IsEmpty());
  lists_.allowed_pubkeys.erase(alice_.key());
  const auto told = obey();
  EXPECT_THAT(told, Contains(StartsWith(R"(["CLOSED","a","restricted: )")));
  EXPECT_THAT(told, Contains(StartsWith(R"(["CLOSED","b","restricted: )")));
  EXPECT_THAT(told, Contains(StartsWith(R"(["NEG-ERR","n","restricted: )")));
  EXPECT_EQ(fsm().subscriptions().size() + fsm().counts().size() + fsm().negotiations().size(), 0U);
  Actions actions;
  EXPECT_EQ(fsm().on_live(1, live(bob_.event(1, kNow, "after"), 1), actions), SessionFsm::Delivery::drop);
}

constexpr const char* kInvites = R"(["REQ","a",{"kinds":[28935]}])";

TEST_F(SessionFsmAccessTest, Nip43InvitesAreMadeForThoseWhoMayInvite) {
  options_->make_invite = [](const PublicKey&) { return Event(); };
  fixed_.takes_requests = true;
  lists_.allowed_pubkeys[alice_.key()] = "";
  obey();
  EXPECT_THAT(say(kInvites), ElementsAre(StartsWith(R"(["CLOSED","a","auth-required: )")));
  say(auth(bob_));
  EXPECT_THAT(say(kInvites), ElementsAre(StartsWith(R"(["CLOSED","a","restricted: )")));
  EXPECT_THAT(say(R"(["REQ","b",{"kinds":[1,28935]}])"), ElementsAre("watch 1", "scan 1")) << "the rest is answered";
  say(auth(alice_));
  EXPECT_THAT(say(kInvites), ElementsAre("watch 2", "invite of " + alice_.hex(), "scan 2"));
  EXPECT_THAT(say(R"(["COUNT","c",{"kinds":[28935]}])"), ElementsAre("count c")) << "none are stored";
  EXPECT_THAT(say(R"(["REQ","a",{"kinds":[1]}])"), ElementsAre("forget 2", "watch 3", "scan 3"));
}

TEST_F(SessionFsmAccessTest, Nip43WithoutRequestsToJoinNoInvitesAreMade) {
  lists_.allowed_pubkeys[alice_.key()] = "";
  obey();
  say(auth(alice_));
  EXPECT_THAT(say(kInvites), ElementsAre("watch 1", "scan 1"));
}

}  // namespace
}  // namespace pharos::relay
