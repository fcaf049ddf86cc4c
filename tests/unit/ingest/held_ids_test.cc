#include "ingest/held_ids.h"

#include <gtest/gtest.h>

#include "unit/storage/store_harness.h"

namespace pharos::test {
namespace {

using ingest::HeldIds;

class HeldIdsTest : public ::testing::TestWithParam<int> {
 protected:
  static storage::StoreOptions options() {
    storage::StoreOptions options;
    options.compression_level = GetParam();
    options.unpacked_bytes = 1 << 20;
    return options;
  }
  Event put(Kind kind) {
    const Event event = unsigned_event({kind, "note", {{"t", "x"}}, 1'700'000'000, made_++});
    EXPECT_EQ(harness_.put(event), storage::PutOutcome::stored);
    return event;
  }

  StoreHarness harness_{options()};
  std::size_t made_ = 0;
};

TEST_P(HeldIdsTest, KnowsWhatIsMergedAndWhatIsNot) {
  std::vector<Event> held;
  for (int i = 0; i < 300; ++i) held.push_back(put(1));
  harness_.reopen();
  for (int i = 0; i < 20; ++i) held.push_back(put(1));
  HeldIds ids(harness_.store());
  for (const Event& event : held) EXPECT_TRUE(ids.contains(event.id));
  EXPECT_FALSE(ids.contains(unsigned_event({1, "another", {}, 1'700'000'000, 0}).id));
}

TEST_P(HeldIdsTest, LooksOnceForAllQuestions) {
  HeldIds ids(harness_.store());
  EXPECT_FALSE(ids.contains(EventId{}));
  const Event later = put(1);
  EXPECT_FALSE(ids.contains(later.id)) << "not there at the first question";
  EXPECT_TRUE(HeldIds(harness_.store()).contains(later.id));
}

TEST_P(HeldIdsTest, WhatWasReplacedIsNotHeld) {
  const Event old = unsigned_event({0, "old", {}, 1'700'000'000, 0});
  const Event fresh = unsigned_event({0, "new", {}, 1'700'000'001, 0});
  harness_.put(old);
  harness_.reopen();
  harness_.put(fresh);
  HeldIds ids(harness_.store());
  EXPECT_FALSE(ids.contains(old.id));
  EXPECT_TRUE(ids.contains(fresh.id));
}

INSTANTIATE_TEST_SUITE_P(Compression, HeldIdsTest, ::testing::Values(0, 3));

}  // namespace
}  // namespace pharos::test
