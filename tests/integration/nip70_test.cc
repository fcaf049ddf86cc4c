// NIP-70: protected events come from their author or not at all, in reposts neither.

#include "support/nip_client.h"
#include "support/ok_matchers.h"

namespace pharos::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Nip70 : public ::testing::Test {
 protected:
  Nip70() {
    EXPECT_THAT(of_alice_.authenticate(alice_), IsTaken());
    EXPECT_THAT(of_bob_.authenticate(bob_), IsTaken());
  }

  test::Person alice_ = somebody();
  test::Person bob_ = somebody();
  NipClient client_;
  NipClient of_alice_;
  NipClient of_bob_;
};

TEST_F(Nip70, OnlyTheirAuthorBringsThem) {
  const Event note = alice_.event(1, now(), "mine", {{"-"}});
  EXPECT_THAT(client_.publish(note), IsRefused("auth-required: "));
  EXPECT_THAT(of_bob_.publish(note), IsRefused("restricted: "));
  EXPECT_THAT(client_.query(by_id(note)), IsEmpty());
  EXPECT_THAT(of_alice_.publish(note), IsTaken());
  EXPECT_THAT(client_.query(by_id(note)), ElementsAre(note));
}

TEST_F(Nip70, TheMarkIsATagOfThatNameWhateverFollows) {
  EXPECT_THAT(client_.publish(alice_.event(1, now(), "x", {{"t", "x"}, {"-", "x"}})), IsRefused("auth-required: "));
  EXPECT_THAT(client_.publish(alice_.event(20001, now(), "x", {{"-"}})), IsRefused("auth-required: "));
  EXPECT_THAT(client_.publish(alice_.event(0, now(), "{}", {{"-"}})), IsRefused("auth-required: "));
  EXPECT_THAT(client_.publish(alice_.event(1, now(), "x", {{"--"}, {"t", "-"}, {""}, {"-x"}})), IsTaken());
}

TEST_F(Nip70, SeveralPeopleOnAConnectionBringTheirOwn) {
  EXPECT_THAT(of_alice_.authenticate(bob_), IsTaken());
  EXPECT_THAT(of_alice_.publish(alice_.event(1, now(), "x", {{"-"}})), IsTaken());
  EXPECT_THAT(of_alice_.publish(bob_.event(1, now(), "x", {{"-"}})), IsTaken());
}

TEST_F(Nip70, ARepostOfOneIsRefused) {
  const Event note = alice_.event(1, now(), "mine", {{"-"}});
  const std::string json = test::to_json(note);
  for (const Kind kind : {Kind{6}, Kind{16}}) {
    const Event repost = bob_.event(kind, now(), json, {{"e", note.id.hex()}, {"k", "1"}});
    EXPECT_THAT(client_.publish(repost), IsRefused("restricted: ")) << kind;
    EXPECT_THAT(of_bob_.publish(repost), IsRefused("restricted: ")) << kind;
    const Event of_repost = bob_.event(kind, now(), test::to_json(repost), {{"e", repost.id.hex()}});
    EXPECT_THAT(of_bob_.publish(of_repost), IsRefused("restricted: ")) << kind;
  }
  EXPECT_THAT(of_alice_.publish(alice_.event(6, now(), json, {{"e", note.id.hex()}})), IsTaken());
}

TEST_F(Nip70, ARepostOfOthersOrOfNothingIsTaken) {
  const Event open = alice_.event(1, now(), R"(says [["-"]] in words)", {{"t", "-"}});
  EXPECT_THAT(client_.publish(bob_.event(6, now(), test::to_json(open), {{"e", open.id.hex()}})), IsTaken());
  for (const char* content : {"", "[[\"-\"]]", "{\"tags\":[[\"-\"]]}", "not JSON \"-\""}) {
    EXPECT_THAT(client_.publish(bob_.event(6, now(), content, {{"e", open.id.hex()}})), IsTaken()) << content;
  }
  // Only reposts are looked into.
  const Event mine = alice_.event(1, now(), "mine", {{"-"}});
  EXPECT_THAT(client_.publish(bob_.event(1, now(), test::to_json(mine))), IsTaken());
}

}  // namespace
}  // namespace pharos::testing
