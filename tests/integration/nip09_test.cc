// NIP-09: what a deletion request takes away, and what it does not.

#include <algorithm>
#include <array>

#include "support/nip_client.h"
#include "support/ok_matchers.h"

namespace pharos::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Nip09 : public ::testing::Test {
 protected:
  Event keep(const Event& event) { return client_.keep(event); }
  void refuse(const Event& event) { EXPECT_THAT(client_.publish(event), IsRefused("blocked: ")); }
  bool is_there(const Event& event) {
    const bool found = client_.query(by_id(event)).size() == 1;
    EXPECT_EQ(client_
                  .query("{" + authors(event.pubkey == alice_.key() ? alice_ : bob_) + ",\"ids\":[" +
                         in_quotes(event.id.hex()) + "]}")
                  .size(),
              found ? 1U : 0U);
    return found;
  }
  Event article(test::Person& author, UnixSeconds at, const std::string& name, const std::string& text = "x") {
    return author.event(30023, at, text, {{"d", name}});
  }

  NipClient client_;
  test::Person alice_ = somebody();
  test::Person bob_ = somebody();
  const UnixSeconds now_ = now();
};

TEST_F(Nip09, DeletesByIdWhateverTheTimes) {
  const Event older = keep(alice_.event(1, now_ - 60, "wrong"));
  const Event newer = keep(alice_.event(1, now_ + 60, "wrong"));
  const Event kept = keep(alice_.event(1, now_ - 60, "right"));
  const Event request =
      keep(alice_.event(5, now_, "sorry", {{"e", older.id.hex()}, {"e", newer.id.hex()}, {"k", "1"}}));
  EXPECT_FALSE(is_there(older));
  EXPECT_FALSE(is_there(newer));
  EXPECT_TRUE(is_there(kept));
  EXPECT_THAT(client_.count("{" + authors(alice_) + ",\"kinds\":[1]}"), HasSubstr("\"count\":1"));
  EXPECT_THAT(client_.negotiate("{" + authors(alice_) + ",\"kinds\":[1]}"), ElementsAre(kept.id));
  // The request itself is an event like others, and stays.
  EXPECT_THAT(client_.query("{\"kinds\":[5],\"#e\":[" + in_quotes(older.id.hex()) + "]}"), ElementsAre(request));
}

TEST_F(Nip09, WhatIsDeletedDoesNotComeBack) {
  const Event note = keep(alice_.event(1, now_, "wrong"));
  keep(alice_.event(5, now_, "", {{"e", note.id.hex()}}));
  refuse(note);
  EXPECT_FALSE(is_there(note));
}

TEST_F(Nip09, ARequestMayComeFirst) {
  const Event note = alice_.event(1, now_ - 10, "late");
  const Event text = article(alice_, now_ - 10, "late");
  const Event list = alice_.event(10002, now_ - 10, "late");
  keep(alice_.event(5, now_, "",
                    {{"e", note.id.hex()}, {"a", address(30023, alice_, "late")}, {"a", address(10002, alice_, "")}}));
  refuse(note);
  refuse(text);
  refuse(list);
  EXPECT_THAT(client_.query("{" + authors(alice_) + "}"), SizeIs(1));
}

TEST_F(Nip09, DeletesByAddress) {
  const Event text = keep(article(alice_, now_ - 10, "wrong"));
  const Event same_second = keep(article(alice_, now_, "same second"));
  keep(alice_.event(5, now_, "",
                    {{"a", address(30023, alice_, "wrong")},
                     {"a", address(30023, alice_, "same second"), "wss://relay.example.com/"}}));
  EXPECT_FALSE(is_there(text));
  EXPECT_FALSE(is_there(same_second));
  refuse(text);
  refuse(same_second);
}

TEST_F(Nip09, AnAddressIsDeletedUpToTheTimeOfTheRequest) {
  const Event older = keep(article(alice_, now_ - 300, "name", "older"));
  const Event newer = keep(article(alice_, now_ - 60, "name", "newer"));
  keep(alice_.event(5, now_ - 180, "", {{"a", address(30023, alice_, "name")}}));
  EXPECT_FALSE(is_there(older));
  EXPECT_TRUE(is_there(newer));

  keep(alice_.event(5, now_ - 30, "", {{"a", address(30023, alice_, "name")}}));
  EXPECT_FALSE(is_there(newer));
  refuse(article(alice_, now_ - 30, "name", "of that second"));
  refuse(article(alice_, now_ - 200, "name", "of before"));
  const Event after = keep(article(alice_, now_ - 29, "name", "of after"));
  EXPECT_TRUE(is_there(after));
  // An earlier request that comes later takes nothing back.
  keep(alice_.event(5, now_ - 200, "", {{"a", address(30023, alice_, "name")}}));
  EXPECT_TRUE(is_there(after));
  refuse(article(alice_, now_ - 40, "name", "of before"));
}

TEST_F(Nip09, AnAddressIsNoOther) {
  const Event named = keep(article(alice_, now_ - 60, "name"));
  const Event longer = keep(article(alice_, now_ - 60, "name:more"));
  const Event unnamed = keep(article(alice_, now_ - 60, ""));
  const Event other_kind = keep(alice_.event(30024, now_ - 60, "x", {{"d", "name"}}));
  const Event of_bob = keep(article(bob_, now_ - 60, "name"));
  keep(alice_.event(5, now_, "", {{"a", address(30023, alice_, "name")}}));
  EXPECT_FALSE(is_there(named));
  for (const Event& event : {longer, unnamed, other_kind, of_bob}) EXPECT_TRUE(is_there(event));
  // The name goes to the end, colons and all.
  keep(alice_.event(5, now_, "", {{"a", address(30023, alice_, "name:more")}}));
  EXPECT_FALSE(is_there(longer));
  keep(alice_.event(5, now_, "", {{"a", address(30023, alice_, "")}}));
  EXPECT_FALSE(is_there(unnamed));
  EXPECT_TRUE(is_there(other_kind));
}

TEST_F(Nip09, ReplaceableKindsHaveAddressesToo) {
  for (const Kind kind : {Kind{0}, Kind{3}, Kind{10002}}) {
    const Event older = keep(alice_.event(kind, now_ - 60, "older"));
    const Event newer = keep(alice_.event(kind, now_ - 30, "newer"));
    keep(alice_.event(5, now_, "", {{"a", address(kind, alice_, "")}}));
    EXPECT_FALSE(is_there(newer)) << kind;
    // The version before it is not what its author wants to be seen instead.
    EXPECT_FALSE(is_there(older)) << kind;
    refuse(older);
    refuse(newer);
    EXPECT_TRUE(is_there(keep(alice_.event(kind, now_ + 1, "anew"))));
  }
}

TEST_F(Nip09, DeletingTheLatestByIdDoesNotBringBackTheOneBefore) {
  const Event older = keep(alice_.event(0, now_ - 60, "older"));
  const Event newer = keep(alice_.event(0, now_ - 30, "newer"));
  keep(alice_.event(5, now_, "", {{"e", newer.id.hex()}}));
  EXPECT_FALSE(is_there(newer));
  EXPECT_FALSE(is_there(older));
  refuse(newer);
}

TEST_F(Nip09, TheOrderOfArrivalMakesNoDifference) {
  for (const bool by_address : {false, true}) {
    std::array<int, 3> order = {0, 1, 2};
    do {
      test::Person carol = somebody();
      const Event older = carol.event(10002, now_ - 60, "older");
      const Event newer = carol.event(10002, now_ - 30, "newer");
      const Event request = by_address ? carol.event(5, now_, "", {{"a", address(10002, carol, "")}})
                                       : carol.event(5, now_, "", {{"e", newer.id.hex()}});
      const Event* events[] = {&older, &newer, &request};
      for (const int i : order) client_.publish(*events[i]);
      EXPECT_THAT(ids(client_.query("{" + authors(carol) + "}")), ElementsAre(request.id))
          << order[0] << order[1] << order[2] << by_address;
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

TEST_F(Nip09, NobodyDeletesWhatOthersWrote) {
  const Event note = keep(alice_.event(1, now_ - 60, "mine"));
  const Event text = keep(article(alice_, now_ - 60, "mine"));
  const Event later = alice_.event(1, now_ - 50, "mine, later");
  const Event reaction = keep(bob_.event(7, now_ - 50, "+", {{"e", note.id.hex()}}));
  keep(bob_.event(5, now_, "", {{"e", note.id.hex()}, {"e", later.id.hex()}, {"a", address(30023, alice_, "mine")}}));
  EXPECT_TRUE(is_there(note));
  EXPECT_TRUE(is_there(text));
  keep(later);
  // Nor does what is said about it go with it.
  keep(alice_.event(5, now_, "", {{"e", note.id.hex()}, {"e", reaction.id.hex()}}));
  EXPECT_FALSE(is_there(note));
  EXPECT_TRUE(is_there(reaction));
  keep(article(alice_, now_ - 55, "mine", "newer"));
}

TEST_F(Nip09, ARequestCannotBeDeleted) {
  const Event note = keep(alice_.event(1, now_ - 60, "wrong"));
  const Event request = keep(alice_.event(5, now_ - 30, "", {{"e", note.id.hex()}}));
  keep(alice_.event(5, now_, "", {{"e", request.id.hex()}}));
  EXPECT_TRUE(is_there(request));
  refuse(note);
}

// Clients send one request to all relays they know, whether these have the event or not.
TEST_F(Nip09, ARequestThatFindsNothingIsTaken) {
  keep(alice_.event(5, now_, "", {{"e", std::string(64, '7')}}));
  keep(alice_.event(5, now_, "nothing named"));
}

TEST_F(Nip09, TagsThatAreNoneAreSkipped) {
  const Event note = keep(alice_.event(1, now_ - 60, "wrong"));
  const Event text = keep(article(alice_, now_ - 60, "wrong"));
  const Event kept = keep(alice_.event(1, now_ - 60, "right"));
  keep(alice_.event(5, now_, "",
                    {{"e"},
                     {"e", "xyz"},
                     {"e", upper_case(kept.id.hex())},
                     {"a"},
                     {"a", ""},
                     {"a", "::"},
                     {"a", "30023"},
                     {"a", "30023:" + alice_.hex().substr(1) + ":wrong"},
                     {"a", "99999:" + alice_.hex() + ":wrong"},
                     {"a", "1:" + alice_.hex() + ":"},
                     {"p", alice_.hex()},
                     {"e", note.id.hex()},
                     {"e", note.id.hex()},
                     {"a", address(30023, alice_, "wrong")}}));
  EXPECT_FALSE(is_there(note));
  EXPECT_FALSE(is_there(text));
  EXPECT_TRUE(is_there(kept));
}

TEST_F(Nip09, ARequestIsDeliveredLive) {
  const Event note = keep(alice_.event(1, now_, "wrong"));
  NipClient listener;
  listener.subscribe("live", "{\"kinds\":[5]," + authors(alice_) + "}");
  const Event request = keep(alice_.event(5, now_, "", {{"e", note.id.hex()}}));
  EXPECT_THAT(listener.heard("live", request), ElementsAre(request.id));
  EXPECT_THAT(client_.publish(request).message, ::testing::StartsWith("duplicate: "));
}

}  // namespace
}  // namespace pharos::testing
