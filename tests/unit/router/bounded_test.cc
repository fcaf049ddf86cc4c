// The small bounded structures that upstreams share.

#include <gmock/gmock.h>

#include "router/dial_gate.h"
#include "router/recent_ids.h"
#include "router/tickets.h"
#include "util/random.h"

namespace pharos::router {
namespace {

using ::testing::ElementsAre;

TEST(RecentIds, ForgetsTheOldestFirst) {
  SeededRandom random(1);
  RecentIds recent(3);
  std::vector<EventId> ids(5);
  for (EventId& id : ids) {
    random.fill(id.data);
    EXPECT_TRUE(recent.insert(id));
    EXPECT_FALSE(recent.insert(id));
  }
  EXPECT_EQ(recent.size(), 3U);
  EXPECT_FALSE(recent.contains(ids[1]));
  EXPECT_TRUE(recent.contains(ids[2]));
  EXPECT_FALSE(RecentIds(0).insert(ids[0]));
}

TEST(DialGate, LetsHigherPrioritiesGoFirstAndKeepsToItsRate) {
  ManualClock clock;
  DialGate gate(2.0, 1.0);
  std::vector<int> went;
  gate.wait(1, 0, [&] { went.push_back(1); });
  gate.wait(2, 5, [&] { went.push_back(2); });
  gate.wait(3, 5, [&] { went.push_back(3); });
  gate.wait(4, 9, [&] { went.push_back(4); });
  gate.forget(4);
  for (int i = 0; i < 20; ++i) {
    while (const auto go = gate.next(clock.now())) (*go)();
    if (i == 0) {
      EXPECT_THAT(went, ElementsAre(2));
    }
    clock.advance(std::chrono::milliseconds(100));
  }
  EXPECT_THAT(went, ElementsAre(2, 3, 1));
  EXPECT_EQ(gate.delay(clock.now()), std::nullopt);
}

TEST(Tickets, AreSettledInOrderWhateverTheOrderOfVerdicts) {
  Tickets tickets;
  const Ticket a = tickets.issue();
  const Ticket b = tickets.issue();
  const Ticket c = tickets.issue();
  tickets.settle(b);
  EXPECT_EQ(tickets.settled_through(), 0U);
  tickets.settle(a);
  tickets.settle(a);
  EXPECT_EQ(tickets.settled_through(), b);
  EXPECT_EQ(tickets.undecided(), 1U);
  tickets.settle(99);
  tickets.settle(c);
  EXPECT_EQ(tickets.settled_through(), c);
  EXPECT_EQ(tickets.last(), c);
}

}  // namespace
}  // namespace pharos::router
