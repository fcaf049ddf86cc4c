// Each NIP as a client meets it, by rule.

#include <gmock/gmock.h>

#include "nostr/schnorr.h"
#include "support/nostr_client.h"
#include "support/pharos_instance.h"

namespace pharos::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class Author {
 public:
  explicit Author(std::uint64_t seed) : random_(seed), key_(generate_secret_key(random_)) {}

  Event sign(Kind kind, UnixSeconds created_at, TagList tags = {}, std::string content = "x") {
    Event event;
    event.kind = kind;
    event.created_at = created_at;
    event.tags = std::move(tags);
    event.content = std::move(content);
    sign_event(event, key_, random_);
    return event;
  }

 private:
  SeededRandom random_;
  SecretKey key_;
};

std::string by_author(const Event& event) { return R"({"authors":[")" + event.pubkey.hex() + R"("]})"; }

TEST(Nips, Nip62ErasesForGoodWhatTheKeySaidBefore) {
  PharosInstance relay("url = [\"wss://relay.example.com/\"]");
  ASSERT_TRUE(relay.start()) << relay.log();
  const UnixSeconds now = SystemClock().unix_now();
  Author alice(1);
  Author bob(2);
  const Event note = alice.sign(1, now - 100);
  const Event to_alice = bob.sign(1059, now - 50, {{"p", note.pubkey.hex()}});
  const Event of_bob = bob.sign(1, now - 100, {{"p", note.pubkey.hex()}});
  const Event request = alice.sign(62, now, {{"relay", "wss://relay.example.com"}});
  {
    NostrClient client(relay.relay_address());
    NostrClient listener(relay.relay_address());
    listener.subscribe("live", "{}");
    for (const Event& event : {note, to_alice, of_bob}) ASSERT_TRUE(client.publish(event).accepted);

    const OkReply elsewhere = client.publish(alice.sign(62, now, {{"relay", "wss://other.example.com"}}));
    EXPECT_FALSE(elsewhere.accepted);
    EXPECT_THAT(elsewhere.message, StartsWith("blocked: "));
    EXPECT_EQ(client.query(by_author(note)).size(), 1U);

    EXPECT_TRUE(client.publish(request).accepted);
    const std::vector<Event> left = client.query(by_author(note));
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(left.front().id, request.id);
    EXPECT_EQ(client.query(by_author(of_bob)).size(), 1U);

    const OkReply again = client.publish(note);
    EXPECT_FALSE(again.accepted);
    EXPECT_THAT(again.message, HasSubstr("vanish"));
    EXPECT_FALSE(client.publish(to_alice).accepted);
    const Event later = alice.sign(1, now + 1);
    EXPECT_TRUE(client.publish(later).accepted);

    std::vector<EventId> heard;
    while (heard.empty() || heard.back() != later.id) {
      const auto message = listener.next();
      ASSERT_TRUE(message);
      if (const auto* event = std::get_if<EventReply>(&*message)) heard.push_back(event->event.id);
    }
    EXPECT_THAT(heard, ::testing::Not(::testing::Contains(request.id)));
  }
  relay.kill();
  ASSERT_TRUE(relay.start()) << relay.log();
  NostrClient client(relay.relay_address());
  EXPECT_FALSE(client.publish(note).accepted);
  EXPECT_EQ(client.query(by_author(note)).size(), 2U);
}

}  // namespace
}  // namespace pharos::testing
