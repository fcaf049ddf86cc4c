#include "storage/scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/query_authors.h"
#include "unit/storage/bare_store.h"
#include "util/clock.h"

namespace pharos::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Event event(std::uint8_t id, std::uint8_t author, UnixSeconds at, TagList tags = {}) {
  Event made;
  made.id.data[0] = id;
  made.pubkey.data.fill(author);
  made.created_at = at;
  made.kind = 1;
  made.tags = std::move(tags);
  return made;
}

// By how many streams its filter has.
class Scan : public ::testing::TestWithParam<std::size_t> {
 protected:
  Snapshot begin() { return std::move(store_.snapshot().value()); }

  std::vector<Seq> drain(IndexStream& stream, Seq max_seq = kMaxSeq) {
    const Snapshot snapshot = begin();
    SliceReader reader(snapshot);
    TimeBudget budget(clock_, std::chrono::seconds(1), 1000);
    std::vector<Seq> seqs;
    Candidate next;
    while (stream.take(next) || stream.fill(reader, max_seq, 16, budget, next) == IndexStream::Fill::ready) {
      seqs.push_back(next.seq);
    }
    return seqs;
  }

  Key author(std::uint8_t number) { return author_key(store_.tables().hash_key, event(0, number, 0).pubkey); }

  test::BareStore store_;
  ManualClock clock_;
};

INSTANTIATE_TEST_SUITE_P(Streams, Scan, ::testing::Values(1, 2, 4, 5));

TEST_P(Scan, ReadsOneKeyNewestFirstWithinItsBounds) {
  for (std::uint8_t i = 0; i < 6; ++i) store_.put(event(i, 1, 10 + i));
  store_.put(event(9, 2, 12));
  IndexStream whole(0, Index::by_author, author(1), before_everything(), 0, GetParam());
  EXPECT_THAT(drain(whole), ElementsAre(6, 5, 4, 3, 2, 1));
  IndexStream window(0, Index::by_author, author(1), before_second(13), 11, GetParam());
  EXPECT_THAT(drain(window), ElementsAre(4, 3, 2));
  IndexStream nobody(0, Index::by_author, author(7), before_second(13), 11, GetParam());
  EXPECT_THAT(drain(nobody), IsEmpty());
}

TEST_P(Scan, PassesOverWhatIsTooNew) {
  for (std::uint8_t i = 0; i < 4; ++i) store_.put(event(i, 1, 10 + i));
  IndexStream stream(0, Index::by_time, time_key(), before_everything(), 0, GetParam());
  EXPECT_THAT(drain(stream, 2), ElementsAre(2, 1));
}

TEST_P(Scan, BeginsStrictlyAfterAPlaceEvenAnErasedOne) {
  std::vector<Event> events;
  for (std::uint8_t i = 0; i < 4; ++i) store_.put(events.emplace_back(event(i, 1, 10)));
  const Candidate second{10, tie_of(events[1].id), 2};
  IndexStream there(0, Index::by_time, time_key(), after_place(second), 0, GetParam());
  EXPECT_THAT(drain(there), ElementsAre(3, 4));
  store_.erase(2);
  IndexStream gone(0, Index::by_time, time_key(), second, 0, GetParam());
  EXPECT_THAT(drain(gone), ElementsAre(3, 4));
}

TEST_P(Scan, GoesOnInAnotherSnapshot) {
  for (std::uint8_t i = 0; i < 9; ++i) store_.put(event(i, 1, 10));
  IndexStream stream(0, Index::by_time, time_key(), before_everything(), 0, GetParam());
  std::vector<Seq> seqs;
  for (IndexStream::Fill last = IndexStream::Fill::ready; last != IndexStream::Fill::ended;) {
    const Snapshot snapshot = begin();
    SliceReader reader(snapshot);
    TimeBudget budget(clock_, std::chrono::seconds(1), 1);
    Candidate next;
    last = stream.fill(reader, kMaxSeq, 1, budget, next);
    if (last == IndexStream::Fill::ready) seqs.push_back(next.seq);
  }
  EXPECT_THAT(seqs, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9));
}

TEST_P(Scan, TellsHowManyEntriesAKeyHasAndOverWhatTime) {
  for (std::uint8_t i = 0; i < 5; ++i) store_.put(event(i, 1, 10 + i));
  const Snapshot snapshot = begin();
  SliceReader reader(snapshot);
  const SliceReader::Extent extent = reader.extent(Index::by_time, time_key());
  EXPECT_EQ(extent.entries, 5U);
  EXPECT_EQ(extent.oldest, 10);
  EXPECT_EQ(extent.newest, 14);
  EXPECT_EQ(reader.extent(Index::by_kind, kind_key(9)).entries, 0U);
}

TEST_P(Scan, DrivesByTheRarerOfTwoConditions) {
  for (std::uint8_t i = 0; i < 200; ++i) {
    store_.put(event(i, i < 100 ? 1 : i, 10 + i, i % 2 == 0 ? TagList{{"t", "common"}} : TagList{{"t", "odd"}}));
  }
  const Snapshot snapshot = begin();
  SliceReader reader(snapshot);
  Filter filter;
  filter.authors = {{event(0, 1, 0).pubkey}};
  filter.tags = {{'t', {"rare"}}};
  EXPECT_EQ(plan_path(reader, filter, 20).index, Index::by_tag);
  filter.tags = {{'t', {"common"}}};
  filter.authors = {{event(0, 150, 0).pubkey}};
  EXPECT_EQ(plan_path(reader, filter, 20).index, Index::by_author);
}

TEST_P(Scan, RefusesOthersThanTheAuthorsOfASet) {
  std::vector<PublicKey> authors(40);
  for (std::uint8_t i = 0; i < 40; ++i) authors[i].data.fill(i);
  const AuthorSet set(authors);
  for (std::uint8_t i = 0; i < 80; ++i) {
    Event made = event(i, i, 10);
    std::string bytes;
    encode_record(made, bytes);
    std::vector<std::uint64_t> aligned(bytes.size() / 8);
    std::memcpy(aligned.data(), bytes.data(), bytes.size());
    const RecordView record(1, {reinterpret_cast<const std::uint8_t*>(aligned.data()), bytes.size()});
    EXPECT_EQ(set.may_hold(record), i < 40);
    EXPECT_TRUE(AuthorSet().may_hold(record));
  }
}

}  // namespace
}  // namespace pharos::storage
