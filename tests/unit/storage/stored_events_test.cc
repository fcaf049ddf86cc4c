#include "storage/stored_events.h"

#include <numeric>

#include <gtest/gtest.h>

#include "storage/snapshot.h"
#include "unit/storage/store_harness.h"

namespace pharos::test {
namespace {

using storage::Seq;
using storage::StoredEvents;

class StoredEventsTest : public ::testing::TestWithParam<int> {
 protected:
  static constexpr std::size_t kEvents = 500;

  StoredEventsTest() {
    EventSequence notes({1, std::string(400, 'x'), {{"p", std::string(64, 'a')}}, 1'700'000'000, 0});
    Outcomes outcomes;
    for (std::size_t i = 0; i < kEvents; ++i) {
      ids_.push_back(notes.next_unsigned());
      EXPECT_TRUE(harness_.submit(ids_.back(), outcomes));
    }
    outcomes.wait_for(kEvents);
    harness_.reopen();
  }
  static storage::StoreOptions options() {
    storage::StoreOptions options;
    options.compression_level = GetParam();
    options.unpacked_bytes = 1 << 20;
    return options;
  }
  void expect_event(StoredEvents& events, Seq seq) const {
    const auto record = events.record(seq);
    ASSERT_TRUE(record) << seq;
    Event event;
    record->decode(event);
    EXPECT_EQ(event, ids_[static_cast<std::size_t>(seq) - 1]);
  }

  StoreHarness harness_{options()};
  std::vector<Event> ids_;
};

TEST_P(StoredEventsTest, WhatWasPreparedReadsAsWithout) {
  const auto txn = harness_.store().read();
  StoredEvents events(txn.value(), harness_.store().tables());
  // Near and far, twice, and some that are not there.
  const std::vector<Seq> wanted = {500, 3, 250, 4, 251, 3, 499, 1, kEvents + 7, 77};
  events.prepare(wanted);
  for (const Seq seq : wanted) {
    if (seq <= kEvents) {
      expect_event(events, seq);
    } else {
      EXPECT_FALSE(events.record(seq));
    }
  }
  for (Seq seq = 1; seq <= kEvents; ++seq) expect_event(events, seq);
}

TEST_P(StoredEventsTest, MoreThanCanBePreparedAreReadAllTheSame) {
  const auto txn = harness_.store().read();
  StoredEvents events(txn.value(), harness_.store().tables());
  std::vector<Seq> all(kEvents);
  std::iota(all.begin(), all.end(), Seq{1});
  events.prepare(all);
  for (const Seq seq : all) expect_event(events, seq);
}

INSTANTIATE_TEST_SUITE_P(Compression, StoredEventsTest, ::testing::Values(0, 3));

}  // namespace
}  // namespace pharos::test
