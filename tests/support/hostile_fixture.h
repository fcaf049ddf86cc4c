// One relay that a test misuses. Afterwards a client that behaves must be served by it as if nothing had been, and it
// must end in order.
#pragma once

#include <gmock/gmock.h>

#include "nostr/schnorr.h"
#include "support/nostr_client.h"
#include "support/pharos_instance.h"
#include "util/clock.h"
#include "util/random.h"

namespace pharos::testing {

class HostileFixture : public ::testing::Test {
 protected:
  explicit HostileFixture(std::string settings = {}) : relay_(std::move(settings)) {}

  void SetUp() override { ASSERT_TRUE(relay_.start()) << relay_.log(); }

  void TearDown() override {
    if (HasFatalFailure()) return;
    expect_served();
    EXPECT_EQ(relay_.terminate(), 0) << relay_.log();
  }

  void expect_served() {
    NostrClient honest(relay_.relay_address());
    const Event note = sign(1, "honest");
    EXPECT_TRUE(honest.publish(note).accepted);
    EXPECT_THAT(honest.query(R"({"ids":[")" + note.id.hex() + "\"]}"), ::testing::SizeIs(1));
  }

  // Created so many seconds from now.
  Event sign(Kind kind, std::string content, TagList tags = {}, UnixSeconds ahead = 0) {
    Event event;
    event.kind = kind;
    event.created_at = SystemClock().unix_now() + ahead;
    event.content = std::move(content);
    event.tags = std::move(tags);
    sign_event(event, key_, random_);
    return event;
  }

  SeededRandom random_{77};
  const SecretKey key_ = generate_secret_key(random_);
  PharosInstance relay_;
};

}  // namespace pharos::testing
