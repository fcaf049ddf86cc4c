#include "storage/planner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pharos::storage {
namespace {

using ::testing::ElementsAre;

std::vector<PublicKey> authors(std::size_t n) {
  std::vector<PublicKey> list(n);
  for (std::size_t i = 0; i < n; ++i) list[i].data[0] = static_cast<std::uint8_t>(i + 1);
  return list;
}

std::vector<std::string> values(std::size_t n) {
  std::vector<std::string> list;
  for (std::size_t i = 0; i < n; ++i) list.push_back(std::to_string(i));
  return list;
}

TEST(Planner, TakesIdsAlone) {
  Filter filter;
  filter.ids.emplace(3);
  filter.kinds = {{1}};
  EXPECT_THAT(access_paths(filter), ElementsAre(AccessPath{Index::by_id, 3, 0}));
}

TEST(Planner, ScansByTimeWhenNothingNarrowsTheFilter) {
  EXPECT_THAT(access_paths(Filter{}), ElementsAre(AccessPath{Index::by_time, 1, 0}));
}

TEST(Planner, PutsTheNarrowerConditionsFirst) {
  Filter filter;
  filter.authors = authors(2);
  filter.kinds = {{1, 6}};
  filter.tags = {{'e', values(3)}, {'t', values(1)}};
  EXPECT_THAT(access_paths(filter), ElementsAre(AccessPath{Index::by_tag, 1, 1}, AccessPath{Index::by_tag, 3, 0},
                                                AccessPath{Index::by_author_kind, 4, 0},
                                                AccessPath{Index::by_kind, 2, 0}, AccessPath{Index::by_time, 1, 0}));
}

TEST(Planner, DropsKindsFromThePathWhenTheProductIsTooLarge) {
  Filter filter;
  filter.authors = authors(200);
  filter.kinds.emplace();
  for (Kind kind = 0; kind < 100; ++kind) filter.kinds->push_back(kind);
  EXPECT_EQ(access_paths(filter).front(), (AccessPath{Index::by_author, 200, 0}));
}

TEST(Planner, LeavesOutPathsOfTooManyStreams) {
  Filter filter;
  filter.tags = {{'e', values(kMaxStreams + 1)}};
  EXPECT_THAT(access_paths(filter), ElementsAre(AccessPath{Index::by_time, 1, 0}));
}

TEST(Planner, DrivesByTheConditionWithFewerEntriesInTheSameTime) {
  const std::vector<AccessPath> paths{{Index::by_author, 1, 0}, {Index::by_tag, 1, 0}};
  const Density quiet{100, 1'000'000};
  const Density busy{10'000, 1'000'000};
  EXPECT_EQ(choose_path(paths, std::vector{quiet, busy}, 20), 0U);
  EXPECT_EQ(choose_path(paths, std::vector{busy, quiet}, 20), 1U);
}

TEST(Planner, LooksNoFurtherBackThanTheAnswersNeed) {
  // The tag has fewer entries in all, but they fill the hour that the answers lie in.
  const std::vector<AccessPath> paths{{Index::by_author, 1, 0}, {Index::by_tag, 1, 0}};
  const Density steady{10'000, 10'000'000};
  const Density burst{9'000, 3'600};
  EXPECT_EQ(choose_path(paths, std::vector{steady, burst}, 20), 0U);
}

TEST(Planner, CountsTheOpeningOfStreams) {
  const std::vector<AccessPath> paths{{Index::by_author, 400, 0}, {Index::by_tag, 1, 0}};
  const Density same{16, 1000};
  EXPECT_EQ(choose_path(paths, std::vector{same, same}, 20), 1U);
}

TEST(Planner, TriesABroadScanBeforeManyStreams) {
  Filter filter;
  filter.authors = authors(200);
  EXPECT_EQ(trial_of(filter, {Index::by_author, 200, 0}), (AccessPath{Index::by_time, 1, 0}));
  filter.kinds = {{1, 6}};
  EXPECT_EQ(trial_of(filter, {Index::by_author_kind, 400, 0}), (AccessPath{Index::by_kind, 2, 0}));
  EXPECT_EQ(trial_of(filter, {Index::by_author_kind, 4, 0}), std::nullopt);
  EXPECT_EQ(trial_of(filter, {Index::by_time, 1, 0}), std::nullopt);
}

TEST(Planner, GivesATrialUpWhenItsMatchesAreTooRare) {
  EXPECT_TRUE(trial_goes_on(10, 0, 50, 500));
  EXPECT_FALSE(trial_goes_on(64, 0, 50, 500));
  EXPECT_TRUE(trial_goes_on(64, 20, 50, 500));
  EXPECT_TRUE(trial_goes_on(64, 0, 1, 500));
  EXPECT_FALSE(trial_goes_on(1000, 49, 50, 500));
}

}  // namespace
}  // namespace pharos::storage
