#include "monitor/publisher.h"

#include <future>

#include "monitor/nip66.h"
#include "monitor_world.h"

namespace pharos::monitor {
namespace {

class PublisherTest : public testing::MonitorTest {
 protected:
  ~PublisherTest() override { forget(); }

  template <class F>
  void on_shard(F f) {
    std::promise<void> done;
    shards.background().post([&] {
      f();
      done.set_value();
    });
    done.get_future().get();
  }
  void make() {
    on_shard([this] {
      publisher =
          std::make_unique<Publisher>(identity.secret(), options.publish, options.probe, shards.background(), *store,
                                      *sink, manual, random, std::make_shared<const metrics::MonitorMetrics>());
    });
  }
  void forget() {
    on_shard([this] { publisher.reset(); });
  }
  // What the store holds for this relay once it holds something newer than `after`.
  Event published(const std::string& d, UnixSeconds after) {
    on_shard([&] {
      Event event;
      event.kind = 30166;
      event.tags.add({"d", d});
      publisher->publish(std::move(event));
    });
    EXPECT_TRUE(eventually([&] {
      const auto held = discovery_of(d);
      return held && held->created_at > after;
    }));
    return discovery_of(d).value_or(Event{});
  }

  static bool eventually(const std::function<bool()>& predicate) { return pharos::testing::eventually(predicate); }

  ManualClock manual{SystemClock().unix_now()};
  std::unique_ptr<Publisher> publisher;
};

TEST_F(PublisherTest, DatesRisePerAddressWithinASecondThroughRestartsAndBackwardClocks) {
  const UnixSeconds now = manual.unix_now();
  make();
  EXPECT_EQ(published("wss://a.com/", 0).created_at, now);
  EXPECT_EQ(published("wss://a.com/", now).created_at, now + 1);
  EXPECT_EQ(published("wss://b.com/", 0).created_at, now) << "another address";
  forget();
  make();
  EXPECT_EQ(published("wss://a.com/", now + 1).created_at, now + 2) << "known from the store";
  manual.set_unix(now - 100);
  EXPECT_EQ(published("wss://a.com/", now + 2).created_at, now + 3);
  manual.set_unix(now + 50);
  EXPECT_EQ(published("wss://a.com/", now + 3).created_at, now + 50);
}

TEST_F(PublisherTest, WhatAClockThatRanAheadHasDatedIsDeletedAndStatedAnew) {
  const UnixSeconds now = manual.unix_now();
  manual.set_unix(now + 30 * 86'400);
  make();
  const Event early = published("wss://a.com/", now);
  ASSERT_GT(early.created_at, now + 86'400);
  on_shard([&] { publisher->restate(build_profile("a", "")); });
  ASSERT_TRUE(eventually([&] { return stored(0).size() == 1; }));

  manual.set_unix(now);
  const auto restated_now = [&](const std::function<std::optional<Event>()>& held) {
    return eventually([&] {
      const auto event = held();
      return event && event->created_at <= now + 60;
    });
  };
  on_shard([&] {
    Event event;
    event.kind = 30166;
    event.tags.add({"d", "wss://a.com/"});
    publisher->publish(std::move(event));
  });
  EXPECT_TRUE(restated_now([&] { return discovery_of("wss://a.com/"); })) << "the clock was set back while it ran";
  EXPECT_THAT(testing::values(stored(5).at(0), "e"), ::testing::ElementsAre(early.id.hex()));
  forget();
  make();
  on_shard([&] { publisher->restate(build_profile("a", "")); });
  EXPECT_TRUE(restated_now([&]() -> std::optional<Event> {
    const auto profiles = stored(0);
    return profiles.empty() ? std::nullopt : std::optional(profiles[0]);
  })) << "or before it started";
}

TEST_F(PublisherTest, RestatesOnlyWhatChanged) {
  make();
  on_shard([&] { publisher->restate(build_profile("a", "")); });
  ASSERT_TRUE(eventually([&] { return stored(0).size() == 1; }));
  const EventId first = stored(0)[0].id;
  on_shard([&] { publisher->restate(build_profile("a", "")); });
  on_shard([&] { publisher->restate(build_relay_list("wss://own.example.com/", {})); });
  ASSERT_TRUE(eventually([&] { return stored(10002).size() == 1; }));
  EXPECT_EQ(stored(0)[0].id, first);
  on_shard([&] { publisher->restate(build_profile("b", "")); });
  EXPECT_TRUE(eventually([&] { return stored(0)[0].id != first; }));
}

}  // namespace
}  // namespace pharos::monitor
