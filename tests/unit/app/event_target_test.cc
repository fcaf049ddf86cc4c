#include "app/event_target.h"

#include <gmock/gmock.h>

#include "net/io_shards.h"
#include "support/event_factory.h"
#include "support/scripted_relay_server.h"

namespace pharos::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr Patience::Options kBrief{std::chrono::milliseconds(1), std::chrono::milliseconds(1), 3};

class LinkTargetTest : public ::testing::Test {
 protected:
  LinkTargetTest() { shards_.start(); }
  ~LinkTargetTest() override {
    relay_.reset();
    shards_.stop();
  }

  net::IoShards shards_{1};
  std::unique_ptr<test::ScriptedRelayServer> relay_ = std::make_unique<test::ScriptedRelayServer>(shards_);
};

TEST_F(LinkTargetTest, WhatIsRefusedAgainAndAgainEndsTheSending) {
  relay_->with([](test::ScriptedRelay& relay) {
    relay.script.accepts = false;
    relay.script.ok_message = "rate-limited: slow down";
  });
  RelayLink link(shards_.background());
  ASSERT_TRUE(link.dial(RelayUrl::parse(relay_->url()).value(), {}));
  LinkTarget target(link, std::chrono::seconds(30), kBrief);
  EXPECT_TRUE(target.give(test::signed_event({.content = "a"})));
  EXPECT_TRUE(target.give(test::signed_event({.content = "b"})));
  EXPECT_FALSE(target.finish());
  EXPECT_THAT(target.end(), HasSubstr("rate-limited: slow down"));
  EXPECT_THAT(target.tally().reasons, UnorderedElementsAre(Pair("rate-limited: slow down", 2)));

  std::size_t received = 0;
  relay_->with([&](test::ScriptedRelay& relay) { received = relay.received_events(); });
  EXPECT_EQ(received, 2U * (1 + kBrief.tries));
  EXPECT_FALSE(target.give(test::signed_event({.content = "c"})));
  relay_->with([&](test::ScriptedRelay& relay) { EXPECT_EQ(relay.received_events(), received); });
}

TEST_F(LinkTargetTest, AConnectionThatIsGoneIsTheEnd) {
  RelayLink link(shards_.background());
  ASSERT_TRUE(link.dial(RelayUrl::parse(relay_->url()).value(), {}));
  LinkTarget target(link, std::chrono::seconds(30), kBrief);
  relay_->with([](test::ScriptedRelay& relay) { relay.script.answers_ok = false; });
  EXPECT_TRUE(target.give(test::signed_event({.content = "a"})));
  relay_->drop_client();
  EXPECT_FALSE(target.finish());
  EXPECT_THAT(target.end(), HasSubstr("closed"));
}

}  // namespace
}  // namespace pharos::app
