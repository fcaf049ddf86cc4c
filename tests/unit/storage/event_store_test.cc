#include "storage/event_store.h"

#include <gtest/gtest.h>

#include "nostr/kind.h"
#include "support/database.h"

namespace pharos::test {
namespace {

using storage::PutOutcome;
using Deleted = storage::EventStore::Deleted;

// Where the events of earlier commits lie when a rule looks for them.
enum class Layout { merged, one_memtable, a_memtable_each, drafted };

class EventStoreTest : public ::testing::TestWithParam<Layout> {
 protected:
  EventStoreTest() {
    db_.merge_at_once = GetParam() == Layout::merged;
    db_.freeze_at_once = GetParam() == Layout::a_memtable_each;
    db_.ahead = GetParam() == Layout::drafted;
  }

  // Two events of one second that differ in content only, the one with the lower id first.
  static std::pair<Event, Event> same_second(Kind kind, TagSpec tags = {}) {
    Event a = make(kind, 1000, tags, 0, "a");
    Event b = make(kind, 1000, tags, 0, "b");
    if (b.id < a.id) std::swap(a, b);
    return {a, b};
  }

  Database db_;
};

using EventStore = EventStoreTest;
std::string name_of(const ::testing::TestParamInfo<Layout>& layout) {
  switch (layout.param) {
    case Layout::merged:
      return "Merged";
    case Layout::one_memtable:
      return "OneMemtable";
    case Layout::a_memtable_each:
      return "AMemtableEach";
    case Layout::drafted:
      return "Drafted";
  }
  return "";
}
INSTANTIATE_TEST_SUITE_P(Layouts, EventStore,
                         ::testing::Values(Layout::merged, Layout::one_memtable, Layout::a_memtable_each,
                                           Layout::drafted),
                         name_of);

TEST_P(EventStore, Nip01StoresARegularEventOnce) {
  const Event note = make(1, 1000);
  EXPECT_EQ(db_.put(note), PutOutcome::stored);
  EXPECT_EQ(db_.put(note), PutOutcome::duplicate);
  EXPECT_TRUE(db_.holds(note));
  db_.merge();
  EXPECT_EQ(storage::read_last_seq(db_.read(), db_.tables()), 1U);
}

TEST_P(EventStore, Nip01FindsDuplicatesInsideOneBatch) {
  const Event note = make(1, 1000);
  EXPECT_EQ(db_.put_all({note, note}), (std::vector{PutOutcome::stored, PutOutcome::duplicate}));
}

TEST_P(EventStore, Nip01TellsIdsApartThatShareTheirFirstBytes) {
  Event a = make(1, 1000);
  Event b = make(1, 1000);
  b.id.data[31] ^= 1;
  EXPECT_EQ(db_.put(a), PutOutcome::stored);
  EXPECT_EQ(db_.put(b), PutOutcome::stored);
  EXPECT_EQ(db_.put(b), PutOutcome::duplicate);
  EXPECT_EQ(db_.put(a), PutOutcome::duplicate);
  Event c = a;
  c.id.data[31] ^= 2;
  EXPECT_FALSE(db_.holds(c));
}

TEST_P(EventStore, Nip01NewerReplaceableTakesThePlaceOfTheOlder) {
  const Event older = make(kind::kRelayList, 1000);
  const Event newer = make(kind::kRelayList, 1001);
  db_.put(older);
  EXPECT_EQ(db_.put(newer), PutOutcome::stored);
  EXPECT_EQ(db_.deleted(Deleted::replaced), 1U);
  EXPECT_FALSE(db_.holds(older));
  EXPECT_EQ(db_.put(older), PutOutcome::superseded);
  EXPECT_TRUE(db_.holds(newer));
}

TEST_P(EventStore, Nip01LowestIdWinsWithinOneSecond) {
  const auto [low, high] = same_second(kind::kProfile);
  EXPECT_EQ(db_.put(high), PutOutcome::stored);
  EXPECT_EQ(db_.put(low), PutOutcome::stored);
  EXPECT_FALSE(db_.holds(high));
  EXPECT_EQ(db_.put(high), PutOutcome::superseded);
}

TEST_P(EventStore, Nip01ReplacementWorksInsideOneBatch) {
  const Event older = make(kind::kProfile, 1000);
  const Event newer = make(kind::kProfile, 1001);
  EXPECT_EQ(db_.put_all({older, newer, older}),
            (std::vector{PutOutcome::stored, PutOutcome::stored, PutOutcome::superseded}));
  EXPECT_FALSE(db_.holds(older));
  db_.merge();
  EXPECT_EQ(db_.dump(storage::Table::by_time).size(), 1U);
}

TEST_P(EventStore, Nip01ReplaceablesOfOthersAndOfOtherKindsStay) {
  const Event mine = make(kind::kProfile, 1000, {}, 0);
  db_.put_all({mine, make(kind::kProfile, 1001, {}, 1), make(kind::kContacts, 1002, {}, 0)});
  EXPECT_TRUE(db_.holds(mine));
}

TEST_P(EventStore, Nip01IdentifierOfAReplaceableIsIgnored) {
  const Event older = make(kind::kRelayList, 1000, {{"d", "a"}});
  db_.put(older);
  db_.put(make(kind::kRelayList, 1001, {{"d", "b"}}));
  EXPECT_FALSE(db_.holds(older));
}

TEST_P(EventStore, Nip01AddressablesAreReplacedByIdentifier) {
  const Event a = make(30023, 1000, {{"d", "a"}});
  const Event b = make(30023, 1001, {{"d", "b"}});
  db_.put_all({a, b});
  EXPECT_TRUE(db_.holds(a));
  EXPECT_EQ(db_.put(make(30023, 1002, {{"d", "a"}, {"d", "b"}})), PutOutcome::stored);
  EXPECT_FALSE(db_.holds(a));
  EXPECT_TRUE(db_.holds(b));
}

TEST_P(EventStore, Nip01MissingAndEmptyIdentifiersAreOneAddress) {
  const Event none = make(30023, 1000);
  const Event bare = make(30023, 1001, {{"d"}});
  const Event empty = make(30023, 1002, {{"d", ""}});
  db_.put(none);
  db_.put(bare);
  EXPECT_FALSE(db_.holds(none));
  db_.put(empty);
  EXPECT_FALSE(db_.holds(bare));
  EXPECT_TRUE(db_.holds(empty));
}

TEST_P(EventStore, Nip09DeletesByIdForTheAuthorOnlyAndKeepsTheRequest) {
  const Event mine = make(1, 1000, {}, 0);
  const Event others = make(1, 1000, {}, 1);
  db_.put_all({mine, others});
  const Event request = make(kind::kDeletion, 900, {{"e", mine.id.hex()}, {"e", others.id.hex()}}, 0);
  EXPECT_EQ(db_.put(request), PutOutcome::stored);
  EXPECT_EQ(db_.deleted(Deleted::nip09), 1U);
  EXPECT_FALSE(db_.holds(mine));
  EXPECT_TRUE(db_.holds(others));
  EXPECT_TRUE(db_.holds(request));
}

TEST_P(EventStore, Nip09DeletedIdsDoNotComeBack) {
  const Event note = make(1, 1000);
  db_.put(note);
  db_.put(make(kind::kDeletion, 900, {{"e", note.id.hex()}}));
  EXPECT_EQ(db_.put(note), PutOutcome::deleted);
  db_.merge();
  db_.reopen();
  EXPECT_EQ(db_.put(note), PutOutcome::deleted);
}

TEST_P(EventStore, Nip09RequestBeforeItsTargetBlocksItForTheAuthorOnly) {
  const Event mine = make(1, 1000, {}, 0);
  const Event others = make(1, 1000, {}, 1);
  db_.put(make(kind::kDeletion, 900, {{"e", mine.id.hex()}, {"e", others.id.hex()}}, 0));
  EXPECT_EQ(db_.put(mine), PutOutcome::deleted);
  EXPECT_EQ(db_.put(others), PutOutcome::stored);
}

TEST_P(EventStore, Nip09WorksInsideOneBatchInBothOrders) {
  const Event before = make(1, 1000, {}, 0, "before");
  const Event after = make(1, 1000, {}, 0, "after");
  const Event request = make(kind::kDeletion, 1001, {{"e", before.id.hex()}, {"e", after.id.hex()}});
  EXPECT_EQ(db_.put_all({before, request, after}),
            (std::vector{PutOutcome::stored, PutOutcome::stored, PutOutcome::deleted}));
  EXPECT_FALSE(db_.holds(before));
}

TEST_P(EventStore, Nip09DeletesVersionsOfAnAddressUpToTheRequest) {
  const Event version = make(30023, 1000, {{"d", "a:b"}});
  db_.put(version);
  const std::string address = "30023:" + version.pubkey.hex() + ":a:b";
  db_.put(make(kind::kDeletion, 1000, {{"a", address}}));
  EXPECT_FALSE(db_.holds(version));
  EXPECT_EQ(db_.put(make(30023, 1000, {{"d", "a:b"}}, 0, "y")), PutOutcome::deleted);
  EXPECT_EQ(db_.put(make(30023, 1001, {{"d", "a:b"}})), PutOutcome::stored);
}

TEST_P(EventStore, Nip09VersionNewerThanTheRequestSurvives) {
  const Event version = make(30023, 1001, {{"d", "a"}});
  db_.put(version);
  db_.put(make(kind::kDeletion, 1000, {{"a", "30023:" + version.pubkey.hex() + ":a"}}));
  EXPECT_TRUE(db_.holds(version));
}

TEST_P(EventStore, Nip09OlderRequestDoesNotShortenALaterOne) {
  const std::string address = "30023:" + public_key(0).hex() + ":a";
  db_.put(make(kind::kDeletion, 2000, {{"a", address}}));
  db_.put(make(kind::kDeletion, 1000, {{"a", address}}));
  EXPECT_EQ(db_.put(make(30023, 1500, {{"d", "a"}})), PutOutcome::deleted);
}

TEST_P(EventStore, Nip09AddressOfAReplaceableKindHasAnEmptyIdentifier) {
  const Event list = make(kind::kRelayList, 1000);
  db_.put(list);
  const std::string address = "10002:" + list.pubkey.hex() + ":";
  db_.put(make(kind::kDeletion, 1001, {{"a", address + "x"}}));
  EXPECT_TRUE(db_.holds(list));
  db_.put(make(kind::kDeletion, 1001, {{"a", address}}));
  EXPECT_FALSE(db_.holds(list));
}

TEST_P(EventStore, Nip09AddressOfSomeoneElseHasNoEffect) {
  const Event theirs = make(30023, 1000, {{"d", "a"}}, 1);
  db_.put(theirs);
  db_.put(make(kind::kDeletion, 1001, {{"a", "30023:" + theirs.pubkey.hex() + ":a"}}, 0));
  EXPECT_TRUE(db_.holds(theirs));
  EXPECT_EQ(db_.put(make(30023, 1001, {{"d", "a"}}, 1)), PutOutcome::stored);
}

TEST_P(EventStore, Nip09DeletingTheNewestVersionDoesNotBringAnOlderOneBack) {
  const Event older = make(kind::kProfile, 1000);
  const Event newer = make(kind::kProfile, 1001);
  db_.put_all({older, newer});
  db_.put(make(kind::kDeletion, 1002, {{"a", "0:" + newer.pubkey.hex() + ":"}}));
  EXPECT_FALSE(db_.holds(newer));
  EXPECT_EQ(db_.put(older), PutOutcome::deleted);
}

TEST_P(EventStore, Nip09DeletingTheNewestVersionByItsIdDoesNotBringAnOlderOneBack) {
  const Event older = make(30023, 1000, {{"d", "a"}});
  const Event newer = make(30023, 1001, {{"d", "a"}});
  db_.put(older);
  db_.put(newer);
  db_.put(make(kind::kDeletion, 1002, {{"e", newer.id.hex()}}));
  EXPECT_EQ(db_.put(older), PutOutcome::deleted);
  EXPECT_EQ(db_.put(make(30023, 1002, {{"d", "a"}})), PutOutcome::stored);
  EXPECT_EQ(db_.put(make(30023, 1000, {{"d", "b"}})), PutOutcome::stored);
}

TEST_P(EventStore, Nip09RequestBeforeAVersionTakesTheOlderOnesAlongToo) {
  const Event older = make(30023, 1000, {{"d", "a"}});
  const Event newer = make(30023, 1001, {{"d", "a"}});
  db_.put(older);
  db_.put(make(kind::kDeletion, 1002, {{"e", newer.id.hex()}}));
  EXPECT_TRUE(db_.holds(older));
  EXPECT_EQ(db_.put(newer), PutOutcome::deleted);
  EXPECT_FALSE(db_.holds(older));
  EXPECT_EQ(db_.put(older), PutOutcome::deleted);
}

TEST_P(EventStore, Nip09DeletedVersionFromAClockAheadLeavesRoomForARightOne) {
  const Event ahead = make(30023, 9000, {{"d", "a"}});
  db_.put(ahead);
  db_.put(make(kind::kDeletion, 1002, {{"e", ahead.id.hex()}}));
  EXPECT_EQ(db_.put(make(30023, 1001, {{"d", "a"}})), PutOutcome::deleted);
  EXPECT_EQ(db_.put(make(30023, 1002, {{"d", "a"}})), PutOutcome::stored);
}

TEST_P(EventStore, Nip09RequestAgainstARequestHasNoEffect) {
  const Event note = make(1, 1000);
  const Event first = make(kind::kDeletion, 1001, {{"e", note.id.hex()}});
  db_.put_all({note, first, make(kind::kDeletion, 1002, {{"e", first.id.hex()}})});
  EXPECT_TRUE(db_.holds(first));
  EXPECT_EQ(db_.put(note), PutOutcome::deleted);
}

TEST_P(EventStore, Nip09RequestAgainstALaterRequestHasNoEffect) {
  const Event later = make(kind::kDeletion, 1001, {{"e", make(1, 5).id.hex()}});
  db_.put(make(kind::kDeletion, 1000, {{"e", later.id.hex()}}));
  EXPECT_EQ(db_.put(later), PutOutcome::stored);
}

TEST_P(EventStore, Nip62RequestToVanishCannotBeDeleted) {
  const Event vanish = make(62, 1000, {{"relay", "ALL_RELAYS"}});
  db_.put(vanish);
  db_.put(make(kind::kDeletion, 1001, {{"e", vanish.id.hex()}}));
  EXPECT_TRUE(db_.holds(vanish));
}

TEST_P(EventStore, Nip09SkipsMalformedTags) {
  const Event note = make(1, 1000);
  db_.put(note);
  const Event request = make(kind::kDeletion, 1001,
                             {{"e"},
                              {"e", "abc"},
                              {"e", std::string(64, 'G')},
                              {"a"},
                              {"a", "::"},
                              {"a", "70000:" + note.pubkey.hex() + ":x"},
                              {"a", "1:" + note.pubkey.hex() + ":"},
                              {},
                              {"e", note.id.hex()},
                              {"e", note.id.hex()}});
  EXPECT_EQ(db_.put(request), PutOutcome::stored);
  EXPECT_FALSE(db_.holds(note));
}

TEST_P(EventStore, Nip59RecipientMayDeleteAGiftWrap) {
  const Event wrap = make(kind::kGiftWrap, 1000, {{"p", public_key(1).hex()}}, 0);
  db_.put(wrap);
  db_.put(make(kind::kDeletion, 1001, {{"e", wrap.id.hex()}}, 2));
  EXPECT_TRUE(db_.holds(wrap));
  db_.put(make(kind::kDeletion, 1001, {{"e", wrap.id.hex()}}, 1));
  EXPECT_FALSE(db_.holds(wrap));
  EXPECT_EQ(db_.put(wrap), PutOutcome::deleted);
}

TEST_P(EventStore, Nip59RecipientMayDeleteAGiftWrapBeforeItComes) {
  const Event wrap = make(kind::kGiftWrap, 1000, {{"p", public_key(1).hex()}}, 0);
  db_.put(make(kind::kDeletion, 1001, {{"e", wrap.id.hex()}}, 1));
  EXPECT_EQ(db_.put(wrap), PutOutcome::deleted);
}

TEST_P(EventStore, Nip59RecipientOfAnotherKindMayNotDelete) {
  const Event note = make(1, 1000, {{"p", public_key(1).hex()}}, 0);
  db_.put(note);
  db_.put(make(kind::kDeletion, 1001, {{"e", note.id.hex()}}, 1));
  EXPECT_TRUE(db_.holds(note));
}

TEST_P(EventStore, Nip62KeepsAwayWhatTheRequestForbids) {
  EXPECT_EQ(db_.put(make(kind::kVanish, 2000, {{"relay", "ALL_RELAYS"}})), PutOutcome::stored);
  EXPECT_EQ(db_.put(make(1, 2000)), PutOutcome::vanished);
  EXPECT_EQ(db_.put(make(0, 2000)), PutOutcome::vanished);
  EXPECT_EQ(db_.put(make(kind::kDeletion, 1000, {{"e", std::string(64, 'a')}})), PutOutcome::vanished);
  EXPECT_EQ(db_.put(make(kind::kGiftWrap, 1999, {{"p", "?"}, {"p", public_key(0).hex()}}, 1)), PutOutcome::vanished);
  EXPECT_EQ(db_.put(make(1, 2001)), PutOutcome::stored);
  EXPECT_EQ(db_.put(make(1, 1000, {{"p", public_key(0).hex()}}, 1)), PutOutcome::stored);
  EXPECT_EQ(db_.put(make(kind::kGiftWrap, 2001, {{"p", public_key(0).hex()}}, 1)), PutOutcome::stored);
}

TEST_P(EventStore, Nip62ALaterRequestReachesFurtherAndAnEarlierOneDoesNothing) {
  EXPECT_EQ(db_.put(make(kind::kVanish, 2000, {{"relay", "ALL_RELAYS"}})), PutOutcome::stored);
  EXPECT_EQ(db_.put(make(kind::kVanish, 1000, {{"relay", "ALL_RELAYS"}})), PutOutcome::superseded);
  EXPECT_EQ(db_.put(make(kind::kVanish, 2000, {{"relay", "ALL_RELAYS"}}, 0, "again")), PutOutcome::superseded);
  EXPECT_EQ(db_.put(make(kind::kVanish, 3000, {{"relay", "ALL_RELAYS"}})), PutOutcome::stored);
  EXPECT_EQ(db_.put(make(1, 3000)), PutOutcome::vanished);
}

TEST_P(EventStore, Nip40RefusesWhatHasExpired) {
  EXPECT_EQ(db_.put(make(1, 1000, {{"expiration", std::to_string(kNow)}})), PutOutcome::expired);
  EXPECT_EQ(db_.put(make(1, 1000, {{"expiration", std::to_string(kNow + 1)}})), PutOutcome::stored);
}

TEST_P(EventStore, Nip40ErasesWhatExpiresInBoundedSteps) {
  std::vector<Event> events;
  for (int i = 0; i < 5; ++i) events.push_back(make(1, 1000 + i, {{"expiration", std::to_string(2000 + i)}}));
  db_.put_all(events, 1500);
  EXPECT_EQ(db_.erase_expired(1999), 0U);
  EXPECT_EQ(db_.erase_expired(2003, 3), 3U);
  EXPECT_EQ(db_.deleted(Deleted::expired), 3U);
  EXPECT_FALSE(db_.holds(events[2]));
  EXPECT_TRUE(db_.holds(events[3]));
  EXPECT_EQ(db_.erase_expired(2003, 3), 1U);
  EXPECT_TRUE(db_.holds(events[4]));
}

TEST_P(EventStore, Nip40UnreadableExpirationIsNone) {
  for (const char* text : {"", "-1", "1.5", "soon", "+5"}) {
    const Event event = make(1, 1000, {{"expiration", text}}, 0, text);
    EXPECT_EQ(db_.put(event), PutOutcome::stored) << text;
  }
  EXPECT_EQ(db_.erase_expired(INT64_MAX), 0U);
}

TEST_P(EventStore, Nip40FarFutureExpirationDoesNotOverflow) {
  const Event event = make(1, 1000, {{"expiration", "99999999999999999999999999"}});
  EXPECT_EQ(db_.put(event), PutOutcome::stored);
  EXPECT_EQ(db_.erase_expired(kMaxCreatedAt), 0U);
}

TEST_P(EventStore, NumbersAreNeverGivenTwice) {
  const Event note = make(1, 1000);
  db_.put(note);
  db_.put(make(kind::kDeletion, 1001, {{"e", note.id.hex()}}));
  db_.merge();
  db_.reopen();
  db_.put(make(1, 1002));
  db_.merge();
  EXPECT_EQ(storage::read_last_seq(db_.read(), db_.tables()), 3U);
  EXPECT_EQ(db_.merged().size(), 2U);
}

TEST_P(EventStore, ACommitThatFailsLeavesNothing) {
  const Event profile = make(kind::kProfile, 1000);
  const Event note = make(1, 1000);
  db_.put_all({profile, note});
  const Event newer = make(kind::kProfile, 1001);
  const Event other = make(1, 1001);
  db_.put_in_vain({newer, other, make(kind::kDeletion, 1002, {{"e", note.id.hex()}, {"e", other.id.hex()}})});
  EXPECT_TRUE(db_.holds(profile));
  EXPECT_TRUE(db_.holds(note));
  EXPECT_FALSE(db_.holds(newer));
  EXPECT_FALSE(db_.holds(other));
  EXPECT_EQ(db_.put(newer), PutOutcome::stored);
  EXPECT_FALSE(db_.holds(profile));
  EXPECT_EQ(db_.put(other), PutOutcome::stored);
  db_.merge();
  EXPECT_EQ(db_.merged().size(), 3U);
  EXPECT_TRUE(db_.dump(storage::Table::tombstones).empty());
}

TEST_P(EventStore, LongTagValuesAndManyTagsAreStored) {
  Event event = make(1, 1000, {{"t", std::string(5000, 'x')}, {"r", std::string(511, 'y')}});
  for (int i = 0; i < 3000; ++i) event.tags.add({"p", public_key(0).hex(), std::to_string(i)});
  EXPECT_EQ(db_.put(event), PutOutcome::stored);
  // Equal pairs of name and value are indexed once.
  db_.merge();
  EXPECT_EQ(db_.postings(storage::Table::by_tag).size(), 3U);
}

}  // namespace
}  // namespace pharos::test
