#include "relay/scan.h"

#include <gmock/gmock.h>

#include "nostr/kind.h"
#include "support/database.h"

namespace pharos::relay {
namespace {

using storage::SliceEnd;
using test::make;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class EventScanTest : public ::testing::Test {
 protected:
  // How many events it gives; gave_all_ says whether these are all.
  std::size_t ask(bool whole_seconds) {
    EventScan scan({Filter{}}, std::make_shared<const KeyList>(), std::make_shared<const std::string>("["), ~0ULL,
                   whole_seconds, options_);
    std::size_t given = 0;
    for (;;) {
      const ScanSlice slice = scan.run_slice(db_.store(), clock_);
      given += slice.ends.size();
      if (slice.end == SliceEnd::more) continue;
      gave_all_ = slice.gave_all;
      return given;
    }
  }

  test::Database db_;
  ManualClock clock_{test::kNow};
  Options options_;
  bool gave_all_ = false;
};

TEST_F(EventScanTest, Nip67KnowsWhenItGaveEveryMatch) {
  for (UnixSeconds at = 1000; at < 1005; ++at) db_.put(make(1, at));
  EXPECT_EQ(ask(false), 5U);
  EXPECT_TRUE(gave_all_);
  options_.limits.max_events_per_req = 5;
  EXPECT_EQ(ask(true), 5U);
  EXPECT_FALSE(gave_all_) << "there may be a sixth";
}

TEST_F(EventScanTest, Nip67ACapOnAFilterEndsAfterTheSecondInWhichItIsReached) {
  for (std::size_t author = 0; author < 6; ++author) db_.put(make(1, 2000, {}, author));
  options_.limits.default_limit = 4;
  options_.limits.max_limit = 4;
  EXPECT_EQ(ask(false), 4U);
  EXPECT_FALSE(gave_all_);
  EXPECT_EQ(ask(true), 6U);
  EXPECT_TRUE(gave_all_);
  db_.put(make(1, 1000));
  options_.slice_bytes = 1;
  EXPECT_EQ(ask(true), 6U);
  EXPECT_FALSE(gave_all_);
  options_.limits.max_limit = 1;
  options_.limits.default_limit = 1;
  EXPECT_EQ(ask(true), 2U) << "and after as many again at most";
}

TEST_F(EventScanTest, GivesTheVersionThatCameBeforeItsFirstSliceAndNamesIt) {
  db_.put(make(1, 900));
  db_.put(make(0, 1000));
  EventScan scan({Filter{}}, std::make_shared<const KeyList>(), std::make_shared<const std::string>("["),
                 db_.store().last_seq(), false, options_);
  db_.put(make(0, 1001));
  const ScanSlice slice = scan.run_slice(db_.store(), clock_);
  EXPECT_EQ(slice.ends.size(), 2U);
  EXPECT_THAT(slice.bytes, HasSubstr("1001"));
  EXPECT_THAT(slice.also_live, ::testing::ElementsAre(db_.store().last_seq()));
}

TEST_F(EventScanTest, SearchesAndWhatComesAfterThemSeeWhatWasCommittedBeforeTheFirstSlice) {
  for (UnixSeconds at = 1000; at < 1005; ++at) db_.put(make(1, at, {}, 0, "word " + std::to_string(at)));
  options_.slice_bytes = 1;
  Filter search = parse_filter(R"({"search":"word","limit":2})").value();
  EventScan scan({search, Filter{}}, std::make_shared<const KeyList>(), std::make_shared<const std::string>("["), 0,
                 false, options_);
  std::vector<storage::Seq> given;
  for (SliceEnd end = SliceEnd::more; end == SliceEnd::more;) {
    const ScanSlice slice = scan.run_slice(db_.store(), clock_);
    given.insert(given.end(), slice.also_live.begin(), slice.also_live.end());
    end = slice.end;
    db_.put(make(1, 2000 + static_cast<UnixSeconds>(given.size())));
  }
  EXPECT_THAT(given, ::testing::UnorderedElementsAre(1, 2, 3, 4, 5));
}

class CountTest : public ::testing::Test {
 protected:
  // The answer, after as many slices as it takes.
  std::string count(const std::vector<std::string>& filters, KeyList readers = {}) {
    std::vector<Filter> parsed;
    for (const std::string& filter : filters) parsed.push_back(parse_filter(filter).value());
    CountScan scan(parsed, std::make_shared<const KeyList>(std::move(readers)), "c", options_);
    for (slices_ = 1;; ++slices_) {
      const ScanSlice slice = scan.run_slice(db_.store(), clock_);
      if (slice.end == SliceEnd::more) continue;
      EXPECT_EQ(slice.ends.size(), 1U);
      end_ = slice.end;
      return slice.bytes;
    }
  }

  test::Database db_;
  ManualClock clock_{test::kNow};
  Options options_;
  std::size_t slices_ = 0;
  SliceEnd end_ = SliceEnd::failed;
};

TEST_F(CountTest, Nip45CountsEventsOnceOverAllFilters) {
  for (UnixSeconds at = 1000; at < 1010; ++at) db_.put(make(1, at, {{"t", at % 2 == 0 ? "even" : "odd"}}));
  db_.put(make(7, 1000));
  EXPECT_EQ(count({R"({"kinds":[1]})"}), R"(["COUNT","c",{"count":10}])");
  EXPECT_EQ(count({R"({"kinds":[1]})", R"({"#t":["odd"]})", R"({"kinds":[7]})"}), R"(["COUNT","c",{"count":11}])");
  EXPECT_EQ(count({R"({"kinds":[9]})"}), R"(["COUNT","c",{"count":0}])");
  EXPECT_EQ(count({R"({"kinds":[]})"}), R"(["COUNT","c",{"count":0}])");
}

TEST_F(CountTest, Nip45GoesBeyondTheLimitsOfAReqButKeepsAFiltersOwn) {
  options_.limits.default_limit = 3;
  options_.limits.max_limit = 3;
  options_.limits.max_events_per_req = 3;
  options_.slice_records = 4;
  for (UnixSeconds at = 1000; at < 1010; ++at) db_.put(make(1, at));
  EXPECT_EQ(count({"{}"}), R"(["COUNT","c",{"count":10}])");
  EXPECT_GT(slices_, 2U);
  EXPECT_EQ(count({R"({"limit":5})"}), R"(["COUNT","c",{"count":5}])");
}

TEST_F(CountTest, Nip45ABudgetMakesItApproximate) {
  options_.limits.max_scanned_records = 6;
  for (UnixSeconds at = 1000; at < 1010; ++at) db_.put(make(1, at, {{"t", "x"}}));
  const std::string answer = count({R"({"kinds":[1],"#t":["x"]})"});
  EXPECT_THAT(answer, StartsWith(R"(["COUNT","c",{"count":)"));
  EXPECT_THAT(answer, EndsWith(R"("approximate":true}])"));
  EXPECT_EQ(end_, SliceEnd::cut_short);
}

TEST_F(CountTest, Nip50ASearchHasABudgetOfItsOwn) {
  for (UnixSeconds at = 1000; at < 1010; ++at) db_.put(make(1, at, {}, 0, "fox " + std::to_string(at)));
  const std::string search = R"({"kinds":[1],"search":"fox"})";
  EXPECT_EQ(count({search}), R"(["COUNT","c",{"count":10}])");
  options_.limits.max_search_candidates = 4;
  EXPECT_EQ(count({search}), R"(["COUNT","c",{"count":4,"approximate":true}])");
  EXPECT_EQ(end_, SliceEnd::cut_short);
  EXPECT_EQ(count({R"({"kinds":[1]})"}), R"(["COUNT","c",{"count":10}])") << "of searches alone";
  options_.limits.max_scanned_records = 2;
  EXPECT_EQ(count({search}), R"(["COUNT","c",{"count":2,"approximate":true}])") << "the lesser of the two";
}

TEST_F(CountTest, Nip45CountsNothingDeletedExpiredOrOfOthers) {
  const Event note = make(1, 1000);
  db_.put(note);
  db_.put(make(1, 1001, {{"expiration", std::to_string(test::kNow - 1)}}), test::kNow - 10);
  db_.put(make(kind::kDeletion, 1002, {{"e", note.id.hex()}}));
  const Event wrap = make(1059, 1003, {{"p", std::string(64, 'a')}});
  db_.put(wrap);
  EXPECT_EQ(count({"{}"}), R"(["COUNT","c",{"count":1}])") << "the deletion request";
  EXPECT_EQ(count({"{}"}, {*PublicKey::from_hex(std::string(64, 'a'))}), R"(["COUNT","c",{"count":2}])");
}

TEST_F(CountTest, Nip45TheRegistersOfEligibleFiltersComeAlong) {
  const std::string id(64, 'a');
  for (std::size_t author = 0; author < 5; ++author) db_.put(make(7, 1000, {{"e", id}}, author));
  const std::string answer = count({R"({"kinds":[7],"#e":[")" + id + R"("]})"});
  EXPECT_THAT(answer, StartsWith(R"(["COUNT","c",{"count":5,"hll":")"));
  HyperLogLog authors(18);
  for (std::size_t author = 0; author < 5; ++author) authors.add(make(7, 1000, {}, author).pubkey);
  EXPECT_EQ(answer, R"(["COUNT","c",{"count":5,"hll":")" + to_hex(authors.registers()) + R"("}])");
  EXPECT_THAT(count({R"({"kinds":[7],"#e":[")" + id + R"("],"until":2000})"}), Not(HasSubstr("hll")));
}

TEST_F(CountTest, ACancelledOneHasNoAnswer) {
  CountScan scan({Filter{}}, std::make_shared<const KeyList>(), "c", options_);
  scan.cancel();
  EXPECT_TRUE(scan.run_slice(db_.store(), clock_).bytes.empty());
}

}  // namespace
}  // namespace pharos::relay
