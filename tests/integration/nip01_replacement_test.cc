// NIP-01: of replaceable and addressable events only the latest is kept.

#include "support/nip_client.h"
#include "support/ok_matchers.h"

namespace pharos::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Nip01Replacement : public ::testing::Test {
 protected:
  void take(const Event& event) { EXPECT_THAT(client_.publish(event), IsTaken()); }
  void refuse(const Event& event) { EXPECT_THAT(client_.publish(event), IsRefused("duplicate: ")); }
  std::vector<EventId> of_kind(Kind kind) {
    return ids(client_.query("{" + authors(alice_) + ",\"kinds\":[" + std::to_string(kind) + "]}"));
  }

  NipClient client_;
  test::Person alice_ = somebody();
  const UnixSeconds now_ = now();
};

TEST_F(Nip01Replacement, TheNewerOneReplacesWhicheverComesFirst) {
  for (const Kind kind : {Kind{0}, Kind{3}, Kind{10000}, Kind{10003}, Kind{19999}}) {
    const Event older = alice_.event(kind, now_ - 80, "older", {{"e", std::string(64, 'a')}});
    const Event newer = alice_.event(kind, now_ - 60, "newer", {{"e", std::string(64, 'a')}});
    take(older);
    EXPECT_THAT(of_kind(kind), ElementsAre(older.id));
    take(newer);
    EXPECT_THAT(of_kind(kind), ElementsAre(newer.id));
    refuse(older);
    refuse(alice_.event(kind, now_ - 70, "between"));
    EXPECT_THAT(of_kind(kind), ElementsAre(newer.id));
    // Not by its id either: what its author took back is not served.
    EXPECT_THAT(client_.query(by_id(older)), IsEmpty());
    EXPECT_THAT(client_.query("{\"#e\":[" + in_quotes(std::string(64, 'a')) + "]," + authors(alice_) + ",\"kinds\":[" +
                              std::to_string(kind) + "]}"),
                ElementsAre(newer));
  }
}

TEST_F(Nip01Replacement, AnAddressIsKindAuthorAndIdentifier) {
  test::Person bob = somebody();
  const Event older = alice_.event(30000, now_ - 120, "older", {{"d", "1"}});
  const Event newer = alice_.event(30000, now_ - 60, "newer", {{"d", "1"}});
  const Event other_name = alice_.event(30000, now_ - 100, "other", {{"d", "2"}});
  const Event other_kind = alice_.event(39999, now_ - 100, "other", {{"d", "1"}});
  const Event of_bob = bob.event(30000, now_ - 100, "other", {{"d", "1"}});
  for (const Event& event : {older, other_name, other_kind, of_bob, newer}) take(event);
  refuse(older);
  EXPECT_THAT(of_kind(30000), ElementsAre(newer.id, other_name.id));
  EXPECT_THAT(ids(client_.query("{\"kinds\":[30000]," + authors(alice_) + ",\"#d\":[\"1\"]}")), ElementsAre(newer.id));
  EXPECT_THAT(client_.query(by_id(other_kind) + "," + by_id(of_bob)), SizeIs(2));
}

TEST_F(Nip01Replacement, ATieGoesToTheLowestId) {
  std::vector<Event> versions;
  for (int i = 0; i < 6; ++i) versions.push_back(alice_.event(10002, now_, std::to_string(i)));
  std::ranges::sort(versions, {}, [](const Event& event) { return event.id; });
  take(versions[3]);
  refuse(versions[5]);
  take(versions[1]);
  refuse(versions[2]);
  take(versions[0]);
  refuse(versions[4]);
  EXPECT_THAT(of_kind(10002), ElementsAre(versions[0].id));
}

TEST_F(Nip01Replacement, ALoserIsNotDelivered) {
  NipClient listener;
  listener.subscribe("live", "{" + authors(alice_) + "}");
  const Event newer = alice_.event(0, now_, "newer");
  take(newer);
  refuse(alice_.event(0, now_ - 10, "older"));
  const Event last = alice_.event(1, now_, "last");
  take(last);
  EXPECT_THAT(listener.heard("live", last), ElementsAre(newer.id, last.id));
}

TEST_F(Nip01Replacement, TheFirstDTagNamesAndNoneIsTheEmptyName) {
  const TagList shapes[] = {
      {}, {{"d"}}, {{"d", ""}}, {{"d", "", "x"}}, {{"d"}, {"d", "later"}}, {{"t", "x"}, {"d", ""}}};
  Event last;
  UnixSeconds at = now_ - 100;
  for (const TagList& tags : shapes) {
    last = Event{};
    last.kind = 30023;
    last.created_at = ++at;
    last.tags = tags;
    last = alice_.sign(last);
    take(last);
    EXPECT_THAT(of_kind(30023), ElementsAre(last.id));
  }
  const Event named = alice_.event(30023, now_ - 200, "x", {{"d", "later"}, {"d", ""}});
  take(named);
  EXPECT_THAT(of_kind(30023), ElementsAre(last.id, named.id));
  const Event with_nul = alice_.event(30023, now_ - 300, "x", {{"d", std::string("later\0more", 10)}});
  take(with_nul);
  EXPECT_THAT(of_kind(30023), SizeIs(3));
}

TEST_F(Nip01Replacement, ReplaceableKindsHaveNoIdentifier) {
  take(alice_.event(10002, now_ - 10, "one", {{"d", "1"}}));
  const Event newer = alice_.event(10002, now_, "two", {{"d", "2"}});
  take(newer);
  EXPECT_THAT(of_kind(10002), ElementsAre(newer.id));
}

// Kind 41 is regular: NIP-28 would keep the newest per channel, not per author.
TEST_F(Nip01Replacement, ChannelMetadataOfOneAuthorStandsSideBySide) {
  take(alice_.event(41, now_ - 10, "{}", {{"e", std::string(64, '1')}}));
  take(alice_.event(41, now_, "{}", {{"e", std::string(64, '2')}}));
  EXPECT_THAT(of_kind(41), SizeIs(2));
}

TEST_F(Nip01Replacement, ADuplicateOfTheLatestIsNoLoser) {
  const Event profile = alice_.event(0, now_, "{}");
  take(profile);
  take(profile);
}

}  // namespace
}  // namespace pharos::testing
