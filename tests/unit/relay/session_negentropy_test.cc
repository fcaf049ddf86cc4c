#include "nostr/negentropy.h"
#include "session_fixture.h"

namespace pharos::relay {
namespace {

using storage::SliceEnd;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class SessionNegentropyTest : public SessionFixture {};

TEST_F(SessionNegentropyTest, Nip77ASessionIsOnePieceOfWorkFromOpenToClose) {
  const auto client = connect();
  client->receive(R"(["NEG-OPEN","n",{},"6100000200"])");
  ASSERT_EQ(runner_.requests.size(), 1U);
  runner_.answer(0, SliceEnd::more);
  loop_.run();
  ASSERT_EQ(runner_.requests.size(), 2U);
  runner_.answer(1, SliceEnd::finished, {"an answer"});
  loop_.run();
  EXPECT_THAT(client->take_sent(), ElementsAre("an answer"));
  EXPECT_EQ(runner_.requests.size(), 2U) << "it is the client's turn";
  client->receive(R"(["NEG-MSG","n","6100000200"])");
  ASSERT_EQ(runner_.requests.size(), 3U);
  EXPECT_EQ(runner_.requests[2].scan, runner_.requests[0].scan);
  client->receive(R"(["NEG-CLOSE","n"])");
  EXPECT_TRUE(runner_.requests[2].scan->is_cancelled());
  runner_.answer(2, SliceEnd::finished, {"too late"});
  loop_.run();
  EXPECT_THAT(client->take_sent(), IsEmpty());
}

TEST_F(SessionNegentropyTest, Nip77AnIdleSessionEndsWithItsMemory) {
  options_->limits.negentropy_idle_timeout = std::chrono::seconds(5);
  const auto client = connect();
  client->receive(R"(["NEG-OPEN","n",{},"6100000200"])");
  const std::weak_ptr<SlicedWork> work = runner_.requests[0].scan;
  runner_.answer(0, SliceEnd::finished, {"an answer"});
  runner_.requests.clear();
  loop_.run();
  client->take_sent();
  EXPECT_FALSE(work.expired());
  loop_.expire();
  EXPECT_THAT(client->take_sent(), IsEmpty());
  clock_.advance(std::chrono::seconds(5));
  loop_.expire();
  EXPECT_THAT(client->take_sent(), ElementsAre(R"(["NEG-ERR","n","closed: you took too long to respond"])"));
  EXPECT_TRUE(work.expired());
  loop_.expire();
  EXPECT_FALSE(loop_.is_armed());
}

TEST_F(SessionNegentropyTest, ABusyPoolRefuses) {
  const auto client = connect();
  runner_.is_full = true;
  client->receive(R"(["NEG-OPEN","n",{},"6100000200"])");
  EXPECT_THAT(client->take_sent(), ElementsAre(R"(["NEG-ERR","n","error: the relay is busy, try again later"])"));
}

}  // namespace
}  // namespace pharos::relay
