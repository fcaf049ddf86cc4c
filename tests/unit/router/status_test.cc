#include "router/status.h"

#include <gtest/gtest.h>

namespace pharos::router {
namespace {

TEST(UpstreamTrouble, IsWhatAConnectedOneRefuses) {
  UpstreamStatus upstream;
  upstream.last_error = "end of stream";
  upstream.error_stands = true;
  EXPECT_EQ(trouble(upstream), "") << "not connected: its state tells";
  upstream.connected_since = 100;
  upstream.last_error = "auth-required: members only";
  EXPECT_EQ(trouble(upstream), "auth-required: members only");
  upstream.error_stands = false;
  EXPECT_EQ(trouble(upstream), "") << "it answers all the same";
}

TEST(UpstreamTrouble, IsThatNothingIsTakenOfWhatIsPublished) {
  UpstreamStatus upstream;
  upstream.connected_since = 100;
  upstream.sent_refused = 3;
  EXPECT_EQ(trouble(upstream), "it took none of 3 events");
  upstream.last_refused.push_back({"00", 101, "blocked", "blocked: not you"});
  EXPECT_EQ(trouble(upstream), "it took none of 3 events: blocked: not you");
  upstream.sent_accepted = 1;
  EXPECT_EQ(trouble(upstream), "");
}

}  // namespace
}  // namespace pharos::router
