#include "relay/live_event.h"

#include <gtest/gtest.h>

#include "support/event_builder.h"
#include "util/random.h"

namespace pharos::relay {
namespace {

// What the heap gives for it, without what the heap needs for itself.
std::size_t kept_by(const LiveEvent& live) {
  net::DeflateWorkspace workspace;
  const std::size_t deflated = live.message_end().deflated(workspace, {}).size();
  return sizeof(LiveEvent) + reserved_bytes(live.event()) + live.message_end().text().capacity() + deflated;
}

TEST(LiveEvent, CountsTheTextAndItsDeflatedForm) {
  SeededRandom random(1);
  std::string noise;
  std::string controls;
  for (int i = 0; i < 20'000; ++i) {
    noise += static_cast<char>('!' + random.below(90));
    controls += static_cast<char>(random.below(0x20));
  }
  for (const std::string& text : {std::string(), noise, controls, std::string(50'000, 'x')}) {
    Event event;
    event.content = text;
    event.tags = {{"t", text}, {}};
    const LiveEvent live({1, 0, test::share(event)});
    const std::size_t before = live.bytes();
    EXPECT_GE(before, kept_by(live));
    EXPECT_EQ(live.bytes(), before) << "whoever was charged is paid back the same";
  }
}

}  // namespace
}  // namespace pharos::relay
