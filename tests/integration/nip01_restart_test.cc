// What was replaced, deleted or has vanished stays so over kill -9, over an orderly end, and in the merged database.

#include "support/nip_client.h"
#include "support/ok_matchers.h"
#include "support/signed_notes.h"

namespace pharos::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class Nip01Restart : public ::testing::Test {
 protected:
  Event article(UnixSeconds age, const std::string& name) {
    return alice_.event(30023, now_ - age, std::to_string(age), {{"d", name}});
  }

  void publish_all(NipClient& client) {
    for (const Event& event : {old_profile_, profile_, higher_, lower_, note_, text_, list_, wrap_, newer_text_,
                               requests_, of_bob_, of_carol_, to_carol_, vanish_}) {
      const OkReply reply = client.publish(event);
      EXPECT_TRUE(reply.accepted) << event.kind << " " << event.content << ": " << reply.message;
    }
    EXPECT_THAT(client.publish(wrap_request_), IsTaken());
  }

  void check(NipClient& client) {
    EXPECT_THAT(ids(client.query("{" + authors(alice_) + "}")),
                UnorderedElementsAre(profile_.id, lower_.id, newer_text_.id, requests_.id));
    EXPECT_THAT(ids(client.query("{" + authors(carol_) + "}")), ElementsAre(vanish_.id));
    EXPECT_THAT(ids(client.query("{" + authors(bob_) + "}")), UnorderedElementsAre(of_bob_.id, wrap_request_.id));
    EXPECT_THAT(client.publish(old_profile_), IsRefused("duplicate: "));
    EXPECT_THAT(client.publish(higher_), IsRefused("duplicate: "));
    for (const Event& event : {note_, text_, list_, wrap_, early_note_, early_text_, of_carol_, to_carol_}) {
      EXPECT_THAT(client.publish(event), IsRefused("blocked: ")) << event.kind;
    }
    EXPECT_THAT(client.publish(requests_).message, ::testing::StartsWith("duplicate: "));
  }

  const UnixSeconds now_ = now();
  test::Person alice_ = somebody();
  test::Person bob_ = somebody();
  test::Person carol_ = somebody();
  test::Person nobody_ = somebody();

  const Event old_profile_ = alice_.event(0, now_ - 60, "older");
  const Event profile_ = alice_.event(0, now_ - 50, "newer");
  Event higher_ = alice_.event(10003, now_ - 40, "one");
  Event lower_ = alice_.event(10003, now_ - 40, "other");
  const Event note_ = alice_.event(1, now_ - 40, "deleted");
  const Event text_ = article(40, "deleted");
  const Event list_ = alice_.event(10002, now_ - 40, "deleted");
  const Event newer_text_ = article(10, "newer");
  const Event early_note_ = alice_.event(1, now_ - 30, "to come");
  const Event early_text_ = article(30, "to come");
  const Event requests_ = alice_.event(5, now_ - 20, "",
                                       {{"e", note_.id.hex()},
                                        {"e", early_note_.id.hex()},
                                        {"a", address(30023, alice_, "deleted")},
                                        {"a", address(30023, alice_, "newer")},
                                        {"a", address(30023, alice_, "to come")},
                                        {"a", address(10002, alice_, "")}});
  const Event wrap_ = nobody_.event(1059, now_ - 40, "sealed", {{"p", bob_.hex()}});
  const Event wrap_request_ = bob_.event(5, now_ - 20, "", {{"e", wrap_.id.hex()}});
  const Event of_bob_ = bob_.event(1, now_ - 40, "kept");
  const Event of_carol_ = carol_.event(1, now_ - 40, "vanishes");
  const Event to_carol_ = nobody_.event(1059, now_ - 40, "vanishes", {{"p", carol_.hex()}});
  const Event vanish_ = carol_.event(62, now_ - 20, "", {{"relay", "ALL_RELAYS"}});
};

TEST_F(Nip01Restart, NothingComesBack) {
  if (higher_.id < lower_.id) std::swap(higher_, lower_);
  PharosInstance relay;
  relay.set_storage("memtable_size = \"1MiB\"");
  ASSERT_TRUE(relay.start()) << relay.log();
  {
    NipClient client(relay);
    publish_all(client);
    check(client);
  }
  relay.kill();
  ASSERT_TRUE(relay.start()) << relay.log();
  {
    NipClient client(relay);
    check(client);
    // Enough for all of it to be merged.
    const auto notes = signed_notes(1'500, now_ - 1'500, 900'002, 2'000);
    for (const Event& note : notes) client.send("[\"EVENT\"," + test::to_json(note) + "]");
    for (std::size_t i = 0; i < notes.size(); ++i) ASSERT_NE(client.wait_for("[\"OK\""), "");
    check(client);
  }
  relay.kill();
  ASSERT_TRUE(relay.start()) << relay.log();
  {
    NipClient client(relay);
    check(client);
  }
  EXPECT_EQ(relay.terminate(), 0);
  const Ran checked = relay.command({"db", "check"});
  EXPECT_EQ(checked.exit_code, 0) << checked.out << checked.err;
  ASSERT_TRUE(relay.start()) << relay.log();
  NipClient client(relay);
  check(client);
}

}  // namespace
}  // namespace pharos::testing
