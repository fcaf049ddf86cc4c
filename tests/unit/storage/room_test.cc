// The map is full: what makes room is taken, nothing else is, and then events are again.
#include <gtest/gtest.h>

#include "nostr/kind.h"
#include "storage/info.h"
#include "storage/lookup.h"
#include "support/eventually.h"
#include "unit/storage/store_harness.h"
#include "util/random.h"

namespace pharos::storage {
namespace {

using test::Outcomes;
using test::StoreHarness;
using testing::eventually;

class RoomTest : public ::testing::Test {
 protected:
  static StoreOptions small() {
    StoreOptions options;
    options.map_size_bytes = 16U << 20U;
    return options;
  }

  // 60 KB that no compression makes much less of.
  Event noise() {
    SeededRandom random(++number_);
    test::EventSpec spec{.created_at = harness_.clock().unix_now()};
    spec.content.resize(60'000);
    std::vector<std::uint8_t> bytes(spec.content.size());
    random.fill(bytes);
    for (std::size_t i = 0; i < bytes.size(); ++i) spec.content[i] = static_cast<char>(' ' + bytes[i] % 90);
    return test::unsigned_event(spec);
  }

  void fill() {
    for (int i = 0; i < 1'000; ++i) {
      const Event event = noise();
      const PutOutcome outcome = harness_.put(event);
      if (outcome == PutOutcome::failed_full) return;
      ASSERT_EQ(outcome, PutOutcome::stored);
      stored_.push_back(event.id);
    }
    FAIL() << "all of it was taken";
  }

  // What fill() stored.
  void erase_all() {
    for (std::size_t i = 0; i < stored_.size(); i += 10) {
      EraseRequest request;
      for (std::size_t k = i; k < std::min(i + 10, stored_.size()); ++k) {
        const auto snapshot = harness_.store().snapshot();
        request.events.push_back(snapshot.value().find(stored_[k])->seq());
      }
      Outcomes outcomes;
      request.done = [next = outcomes.next()](std::optional<std::size_t> erased) {
        next(erased ? PutOutcome::stored : PutOutcome::failed_io);
      };
      ASSERT_TRUE(harness_.store().submit_erase(std::move(request)));
      ASSERT_EQ(outcomes.wait_for(1).front(), PutOutcome::stored);
    }
  }

  bool has(const EventId& id) { return harness_.store().contains(id); }

  StoreHarness harness_{small()};
  std::uint64_t number_ = 0;
  std::vector<EventId> stored_;
};

TEST_F(RoomTest, AFullMapTakesErasuresAndThenEventsAgain) {
  fill();
  EXPECT_TRUE(harness_.store().is_full());
  EXPECT_FALSE(harness_.store().is_failing()) << "what was acknowledged still finds room";
  for (const EventId& id : stored_) ASSERT_TRUE(has(id));
  erase_all();
  ASSERT_TRUE(eventually([&] { return !harness_.store().is_full(); }));
  EXPECT_EQ(harness_.put(noise()), PutOutcome::stored);
}

TEST_F(RoomTest, AFullMapTakesDeletionRequests) {
  fill();
  TagList tags;
  for (const EventId& id : stored_) tags.add({"e", id.hex()});
  test::EventSpec spec{
      .kind = pharos::kind::kDeletion, .tags = std::move(tags), .created_at = harness_.clock().unix_now()};
  EXPECT_EQ(harness_.put(test::unsigned_event(spec)), PutOutcome::stored);
  EXPECT_FALSE(has(stored_.front()));
  ASSERT_TRUE(eventually([&] { return !harness_.store().is_full(); }));
  EXPECT_EQ(harness_.put(noise()), PutOutcome::stored);
}

TEST_F(RoomTest, RequestsThatMakeNoRoomCannotUseUpTheReserve) {
  fill();
  // Large ones, which delete nothing.
  int taken = 0;
  PutOutcome outcome = PutOutcome::stored;
  for (; outcome == PutOutcome::stored && taken < 1'000; ++taken) {
    Event request = noise();
    request.kind = pharos::kind::kDeletion;
    outcome = harness_.put(request);
  }
  EXPECT_GT(taken, 1);
  EXPECT_EQ(outcome, PutOutcome::failed_full);
  EXPECT_FALSE(harness_.store().is_failing()) << "what was acknowledged still finds room";

  erase_all();
  ASSERT_TRUE(eventually([&] { return !harness_.store().is_full(); }));
  EXPECT_EQ(harness_.put(noise()), PutOutcome::stored);
}

TEST_F(RoomTest, AFullMapIsFullAfterARestart) {
  fill();
  harness_.reopen();
  EXPECT_TRUE(eventually([&] { return harness_.store().is_full(); }));
  EXPECT_EQ(harness_.put(noise()), PutOutcome::failed_full);
  for (const EventId& id : stored_) EXPECT_TRUE(has(id));
}

}  // namespace
}  // namespace pharos::storage
