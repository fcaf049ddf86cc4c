// NIP-13: work that an operator asks for.

#include "nostr/canonical.h"
#include "support/nip_client.h"
#include "support/ok_matchers.h"

namespace pharos::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A note whose id has as many leading zero bits as asked for, 8 or 0, and no more than 8.
Event worked(test::Person& person, bool has_work, std::string_view commitment) {
  for (int nonce = 0;; ++nonce) {
    Event event;
    event.kind = 1;
    event.created_at = now();
    event.tags = {{"nonce", std::to_string(nonce), commitment}};
    event.pubkey = person.key();
    const EventId id = compute_id(event);
    const bool is_right = has_work ? id.data[0] == 0 && id.data[1] >= 0x80 : id.data[0] >= 0x80;
    if (is_right) return person.sign(event);
  }
}

TEST(Nip13, WorkIsAskedForAndCounted) {
  PharosInstance relay("[ingest]\nmin_pow = 8");
  ASSERT_TRUE(relay.start()) << relay.log();
  const std::string document = http_get(relay.relay_address(), "/", "Accept: application/nostr+json\r\n").body;
  EXPECT_THAT(document, HasSubstr("\"min_pow_difficulty\":8"));
  EXPECT_THAT(document, HasSubstr(",11,13,17,"));
  NipClient client(relay);
  test::Person alice = somebody();
  const OkReply idle = client.publish(worked(alice, false, "8"));
  EXPECT_THAT(idle, IsRefused("pow: "));
  EXPECT_THAT(idle.message, HasSubstr("difficulty 0 is less than 8"));
  EXPECT_THAT(client.publish(worked(alice, true, "8")), IsTaken());
  EXPECT_THAT(client.publish(worked(alice, true, "20")), IsTaken());
  // Luck is no work: what was aimed at less does not count.
  EXPECT_THAT(client.publish(worked(alice, true, "4")), IsRefused("pow: "));
  EXPECT_THAT(client.publish(worked(alice, true, "")), IsRefused("pow: "));
}

TEST(Nip13, NoneIsAskedForByDefault) {
  NipClient client;
  test::Person alice = somebody();
  EXPECT_THAT(http_get(shared_relay().relay_address(), "/", "Accept: application/nostr+json\r\n").body,
              Not(HasSubstr(",13,")));
  EXPECT_THAT(client.publish(worked(alice, false, "0")), IsTaken());
}

}  // namespace
}  // namespace pharos::testing
