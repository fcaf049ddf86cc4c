#include "relay/event_pool.h"

#include <gtest/gtest.h>

namespace pharos::relay {
namespace {

constexpr std::size_t kLarge = 500'000;

Event small_event() {
  Event event;
  event.content = "hi";
  event.tags = {{"t", "x"}};
  return event;
}

TEST(EventPool, AnEventComesBackAsScratchWithItsMemory) {
  EventPool pool;
  Event first;
  first.content.assign(1000, 'x');
  const void* const memory = first.content.data();
  pool.share(std::move(first)).reset();
  pool.share(small_event());
  EXPECT_EQ(pool.scratch().content.assign(1000, 'y').data(), memory);
}

TEST(EventPool, GivesUpWhatALargeMessageHasLeft) {
  EventPool pool;
  pool.scratch().content.assign(kLarge, 'x');
  EXPECT_LT(reserved_bytes(pool.scratch()), 1000U);
  pool.scratch().tags.add({"t", std::string(kLarge, 'x')});
  EXPECT_LT(reserved_bytes(pool.scratch()), 1000U);
}

TEST(EventPool, WhatIsSharedIsNotFarSmallerThanItsMemory) {
  EventPool pool;
  Event content = small_event();
  content.content.reserve(kLarge);
  Event tags = small_event();
  tags.tags.add({"t", std::string(kLarge, 'x')});
  tags.tags.clear();
  for (Event* wide : {&content, &tags}) {
    const Event before = *wide;
    const storage::EventPtr shared = pool.share(std::move(*wide));
    EXPECT_EQ(*shared, before);
    EXPECT_LT(reserved_bytes(*shared), 1000U);
  }
}

TEST(EventPool, ALargeEventGoesWithItsMemory) {
  EventPool pool;
  Event large;
  large.content.assign(kLarge, 'x');
  const void* const memory = large.content.data();
  EXPECT_EQ(pool.share(std::move(large))->content.data(), memory) << "never copied";
}

TEST(EventPool, KeepsAnEventByTheMemoryItHasSetAside) {
  EventPool pool;
  const Event& left = pool.scratch();
  Event event;
  event.content.reserve(12'000);
  event.content.assign(6'000, 'x');
  pool.share(std::move(event)).reset();
  pool.share(small_event());
  EXPECT_LT(left.content.capacity(), 1000U) << "the next event would be parsed into it";
}

}  // namespace
}  // namespace pharos::relay
