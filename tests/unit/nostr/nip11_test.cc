#include "nostr/nip11.h"

#include <gmock/gmock.h>

namespace pharos {
namespace {

using ::testing::ElementsAre;

const std::string kKey(64, 'a');

RelayInformation parsed(std::string_view json) {
  const auto information = parse_relay_information(json);
  if (!information) ADD_FAILURE() << json << ": " << describe(information.error());
  return information ? information.value() : RelayInformation{};
}

TEST(Nip11, RoundTripsAFullDocument) {
  RelayInformation all;
  all.name = "Pharos \"one\"";
  all.description = "two\nlines";
  all.banner = "https://a/b.png";
  all.icon = "https://a/i.png";
  all.pubkey = PublicKey::from_hex(kKey);
  all.self = PublicKey::from_hex(std::string(64, 'b'));
  all.contact = "mailto:a@b";
  all.supported_nips = {1, 9, 11};
  all.software = "https://a";
  all.version = "0.1";
  all.terms_of_service = "https://a/tos";
  all.payments_url = "https://a/pay";
  all.limitation = {.max_message_length = 1,
                    .max_subscriptions = 2,
                    .max_limit = 3,
                    .max_subid_length = 4,
                    .max_event_tags = 5,
                    .max_content_length = 6,
                    .min_pow_difficulty = 0,
                    .created_at_lower_limit = 8,
                    .created_at_upper_limit = 9,
                    .default_limit = 10,
                    .auth_required = false,
                    .payment_required = true,
                    .restricted_writes = false};
  std::string json;
  append_relay_information(json, all);
  EXPECT_EQ(parsed(json), all);
}

TEST(Nip11, LeavesOutWhatIsNotSaid) {
  RelayInformation information;
  std::string json;
  append_relay_information(json, information);
  EXPECT_EQ(json, "{}");
  information.name = "x";
  information.supported_nips = {1, 11};
  information.limitation.auth_required = false;
  json.clear();
  append_relay_information(json, information);
  EXPECT_EQ(json, R"({"name":"x","supported_nips":[1,11],"limitation":{"auth_required":false}})");
}

TEST(Nip11, IgnoresWhatItDoesNotUnderstand) {
  const RelayInformation information = parsed(
      R"({"name":5,"description":null,"icon":["x"],"contact":{"name":"inner"},"pubkey":"npub1","self":"","negentropy":1,)"
      R"("supported_nips":[1,"9","5A",-2,2.5,null,[40],{"a":50},70000,77],"version":"1",)"
      R"("fees":{"limitation":{"max_limit":1},"name":"x","supported_nips":[3]},)"
      R"("limitation":{"max_limit":"5","max_subscriptions":20.5,"auth_required":1,"payment_required":"yes",)"
      R"("max_event_tags":-1,"max_message_length":131072,"created_at_lower_limit":null,"max_content_length":1e3,)"
      R"("default_limit":{"max_limit":7},"max_subid_length":99999999999999999999,"restricted_writes":true}})");
  RelayInformation expected;
  expected.version = "1";
  expected.supported_nips = {1, 9, 77};
  expected.limitation.max_message_length = 131072;
  expected.limitation.restricted_writes = true;
  EXPECT_EQ(information, expected);
}

TEST(Nip11, IgnoresALimitationThatIsNoObject) {
  for (const char* json : {R"({"limitation":[{"max_limit":1}]})", R"({"limitation":null})", R"({"limitation":5})"})
    EXPECT_EQ(parsed(json), RelayInformation{}) << json;
}

TEST(Nip11, BoundsWhatItKeeps) {
  const RelayInformationLimits limits{.max_document = 1000, .max_text = 10, .max_nips = 3};
  const auto bounded =
      parse_relay_information(R"({"name":"0123456789","version":"0123456789x","supported_nips":[1,2,3,4,5]})", limits);
  ASSERT_TRUE(bounded);
  EXPECT_EQ(bounded.value().name, "0123456789");
  EXPECT_EQ(bounded.value().version, "");
  EXPECT_THAT(bounded.value().supported_nips, ElementsAre(1, 2, 3));
  EXPECT_EQ(parse_relay_information("{}" + std::string(999, ' '), limits).error(), RelayInformationError::too_large);
}

TEST(Nip11, RefusesWhatIsNoDocument) {
  for (const char* text : {"", "<html></html>", "{", "{}x"})
    EXPECT_EQ(parse_relay_information(text).error(), RelayInformationError::not_json) << text;
  for (const char* text : {"[]", "null", "\"x\"", "[{\"name\":\"x\"}]"})
    EXPECT_EQ(parse_relay_information(text).error(), RelayInformationError::not_an_object) << text;
}

}  // namespace
}  // namespace pharos
