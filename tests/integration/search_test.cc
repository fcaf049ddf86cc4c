// Search (NIP-50) as a client and an operator meet it.

#include <gmock/gmock.h>

#include "nostr/schnorr.h"
#include "support/eventually.h"
#include "support/nostr_client.h"
#include "support/pharos_instance.h"

namespace pharos::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class Author {
 public:
  explicit Author(std::uint64_t seed) : random_(seed), key_(generate_secret_key(random_)) {}

  Event note(const std::string& content, UnixSeconds age, Kind kind = 1, TagList tags = {}) {
    Event event;
    event.kind = kind;
    event.created_at = now_ - age;
    event.tags = std::move(tags);
    event.content = content;
    sign_event(event, key_, random_);
    return event;
  }

 private:
  const UnixSeconds now_ = SystemClock().unix_now();
  SeededRandom random_;
  SecretKey key_;
};

std::vector<std::string> contents(const std::vector<Event>& events) {
  std::vector<std::string> out;
  for (const Event& event : events) out.push_back(event.content);
  return out;
}

bool advertises_search(const PharosInstance& relay) {
  const HttpReply reply = http_get(relay.relay_address(), "/", "Accept: application/nostr+json\r\n");
  return reply.body.find(",50,") != std::string::npos;
}

TEST(Search, FindsStoredEventsByScoreAndGoesOnLive) {
  PharosInstance relay;
  relay.set_storage("search = true");
  ASSERT_TRUE(relay.start()) << relay.log();
  EXPECT_TRUE(advertises_search(relay));
  Author alice(1);
  NostrClient client(relay.relay_address());
  const auto publish = [&](const Event& event) { EXPECT_TRUE(client.publish(event).accepted); };
  publish(alice.note("Zebras live in herds, and among them there are those who watch while the others feed", 30));
  publish(alice.note("zebras and zebras", 50));
  publish(alice.note("no such animal", 20));
  publish(alice.note(R"({"name":"zebras","about":"stripes"})", 40, 0));
  publish(alice.note("zebras are mentioned in a reaction", 10, 7));

  EXPECT_THAT(contents(client.query(R"({"search":"ZEBRAS"})")),
              ElementsAre(HasSubstr("stripes"), "zebras and zebras", StartsWith("Zebras live")));
  EXPECT_THAT(contents(client.query(R"({"search":"zebras language:en","kinds":[1],"limit":1})")),
              ElementsAre("zebras and zebras"));
  EXPECT_THAT(contents(client.query(R"({"search":"\"live in herds\""})")), ElementsAre(StartsWith("Zebras live")));
  EXPECT_THAT(client.query(R"({"search":"zebras -herds -stripes -and"})"), IsEmpty());

  EXPECT_THAT(client.subscribe("live", R"({"search":"zebras herds"})"), ::testing::SizeIs(1));
  NostrClient other(relay.relay_address());
  EXPECT_TRUE(other.publish(alice.note("zebras alone", 3)).accepted);
  EXPECT_TRUE(other.publish(alice.note("herds of zebras", 2)).accepted);
  const EventReply* live = nullptr;
  std::optional<RelayMessage> message;
  while (live == nullptr) {
    message = client.next();
    ASSERT_TRUE(message);
    live = std::get_if<EventReply>(&*message);
  }
  EXPECT_EQ(live->event.content, "herds of zebras");

  const Event gone = alice.note("zebras to be regretted", 1);
  publish(gone);
  publish(alice.note("", 0, 5, {{"e", gone.id.hex()}}));
  EXPECT_THAT(client.query(R"({"search":"regretted"})"), IsEmpty());
  client.ws().send(R"(["COUNT","c",{"search":"zebras"}])");
  const auto count = client.ws().receive();
  ASSERT_TRUE(count);
  EXPECT_THAT(*count, HasSubstr(R"({"count":5})"));

  relay.kill();
  ASSERT_TRUE(relay.start()) << relay.log();
  NostrClient again(relay.relay_address());
  EXPECT_THAT(again.query(R"({"search":"zebras"})"), ::testing::SizeIs(5));
  EXPECT_THAT(again.query(R"({"search":"regretted"})"), IsEmpty());
}

TEST(Search, IsBuiltOverADatabaseThatHasEventsAndDroppedAgain) {
  PharosInstance relay;
  ASSERT_TRUE(relay.start()) << relay.log();
  Author alice(2);
  {
    NostrClient client(relay.relay_address());
    for (const char* content : {"old lion", "older lioness", "tiger"}) {
      ASSERT_TRUE(client.publish(alice.note(content, 100)).accepted);
    }
    std::string closed;
    client.query(R"({"search":"lion"})", &closed);
    EXPECT_EQ(closed, "unsupported: search is not offered here");
    EXPECT_FALSE(advertises_search(relay));
  }
  EXPECT_EQ(relay.terminate(), 0);
  EXPECT_THAT(relay.command({"db", "info"}).out, HasSubstr("search         off"));

  relay.set_storage("search = true\nsearch_kinds = [1]");
  ASSERT_TRUE(relay.start()) << relay.log();
  ASSERT_TRUE(eventually([&] { return advertises_search(relay); })) << relay.log();
  {
    NostrClient client(relay.relay_address());
    ASSERT_TRUE(client.publish(alice.note("new lion", 1)).accepted);
    EXPECT_THAT(contents(client.query(R"({"search":"lion"})")), ElementsAre("new lion", "old lion"));
  }
  EXPECT_EQ(relay.terminate(), 0);
  EXPECT_THAT(relay.command({"db", "info"}).out, HasSubstr("search         kinds 1\n"));
  const Ran check = relay.command({"db", "check"});
  EXPECT_EQ(check.exit_code, 0) << check.out;
  const Ran exported = relay.command({"export", "--filter", R"({"search":"lion"})"});
  EXPECT_THAT(exported.out, HasSubstr("new lion"));
  EXPECT_THAT(exported.out, Not(HasSubstr("tiger")));

  relay.set_storage("search = false");
  ASSERT_TRUE(relay.start()) << relay.log();
  EXPECT_FALSE(advertises_search(relay));
  EXPECT_EQ(relay.terminate(), 0);
  EXPECT_THAT(relay.command({"db", "info"}).out, HasSubstr("search         off"));
  EXPECT_EQ(relay.command({"db", "check"}).exit_code, 0);
}

}  // namespace
}  // namespace pharos::testing
