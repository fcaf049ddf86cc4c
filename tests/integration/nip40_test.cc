// NIP-40: what has expired is neither taken nor given.

#include "support/eventually.h"
#include "support/nip_client.h"
#include "support/ok_matchers.h"

namespace pharos::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Nip40, WhatHasExpiredIsRefused) {
  NipClient client;
  test::Person alice = somebody();
  for (const UnixSeconds at : {UnixSeconds{0}, UnixSeconds{1}, now() - 60, now()}) {
    EXPECT_THAT(client.publish(alice.event(1, now(), "late", {{"expiration", std::to_string(at)}})),
                IsRefused("invalid: "))
        << at;
  }
  EXPECT_THAT(client.query("{" + authors(alice) + "}"), IsEmpty());
}

TEST(Nip40, WhatExpiresIsGivenUntilThen) {
  NipClient client;
  NipClient listener;
  test::Person alice = somebody();
  listener.subscribe("live", "{" + authors(alice) + "}");
  const Event lasting = alice.event(1, now(), "lasting words");
  const Event brief = alice.event(1, now(), "brief words", {{"expiration", std::to_string(now() + 8)}, {"t", "brief"}});
  EXPECT_THAT(client.publish(lasting), IsTaken());
  EXPECT_THAT(client.publish(brief), IsTaken());
  EXPECT_THAT(listener.heard("live", brief), ElementsAre(lasting.id, brief.id));
  const std::string filter = "{" + authors(alice) + "}";
  ASSERT_TRUE(eventually([&] { return client.query(filter).size() == 1; }));
  EXPECT_GE(now(), *expiration(brief));
  EXPECT_THAT(ids(client.query(filter)), ElementsAre(lasting.id));
  EXPECT_THAT(client.query(by_id(brief)), IsEmpty());
  EXPECT_THAT(client.query("{\"#t\":[\"brief\"]," + authors(alice) + "}"), IsEmpty());
  EXPECT_THAT(ids(client.query("{\"search\":\"words\"," + authors(alice) + "}")), ElementsAre(lasting.id));
  EXPECT_THAT(client.count(filter), HasSubstr("\"count\":1"));
  EXPECT_THAT(client.negotiate(filter), ElementsAre(lasting.id));
  EXPECT_FALSE(client.publish(brief).message.empty());
  EXPECT_THAT(client.query(by_id(brief)), IsEmpty());
}

TEST(Nip40, WhatIsNoTimeDoesNotExpire) {
  NipClient client;
  test::Person alice = somebody();
  for (const char* value : {"", "-1", "1.5", "soon", "1e3", " 1", "99999999999", "9223372036854775807",
                            "18446744073709551616", "99999999999999999999999999"}) {
    const Event event = alice.event(1, now(), value, {{"expiration", value}});
    EXPECT_THAT(client.publish(event), IsTaken()) << value;
    EXPECT_THAT(client.query(by_id(event)), ElementsAre(event)) << value;
  }
  EXPECT_THAT(client.publish(alice.event(1, now(), "none", {{"expiration"}})), IsTaken());
}

TEST(Nip40, ItSaysNothingAboutEphemeralEvents) {
  NipClient client;
  NipClient listener;
  test::Person alice = somebody();
  listener.subscribe("live", "{" + authors(alice) + "}");
  const Event event = alice.event(20000, now(), "x", {{"expiration", std::to_string(now() - 10)}});
  EXPECT_THAT(client.publish(event), IsTaken());
  EXPECT_THAT(listener.heard("live", event), ElementsAre(event.id));
}

}  // namespace
}  // namespace pharos::testing
