#include "nostr/nip19.h"

#include <gmock/gmock.h>

#include "nostr/bech32.h"

namespace pharos {
namespace {

using ::testing::ElementsAre;

template <class T>
T parsed(std::string_view text) {
  const Result<Nip19Entity, Nip19Error> entity = parse_nip19(text);
  if (!entity) {
    ADD_FAILURE() << text << ": " << describe(entity.error());
    return {};
  }
  return std::get<T>(entity.value());
}

Nip19Error fault(std::string_view prefix, const std::vector<std::uint8_t>& bytes) {
  const auto entity = parse_nip19(encode_bech32(prefix, bytes).value());
  EXPECT_FALSE(entity);
  return entity ? Nip19Error{} : entity.error();
}

std::vector<std::uint8_t> field(std::uint8_t type, std::size_t size, std::uint8_t fill = 0) {
  std::vector<std::uint8_t> out{type, static_cast<std::uint8_t>(size)};
  out.insert(out.end(), size, fill);
  return out;
}

std::vector<std::uint8_t> operator+(std::vector<std::uint8_t> a, const std::vector<std::uint8_t>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(Nip19, AgreesWithTheExamplesOfTheNip) {
  const auto key = parsed<PublicKey>("npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg");
  EXPECT_EQ(key.hex(), "7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e");
  EXPECT_EQ(encode_npub(key), "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg");

  const auto secret = parsed<SecretKey>("nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5");
  EXPECT_EQ(secret.hex(), "67dea2ed018072d675f5415ecfaed7d2597555e202d85b3d65ea4e58d2d92ffa");
  EXPECT_EQ(encode_nsec(secret), "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5");

  const std::string text =
      "nprofile1qqsrhuxx8l9ex335q7he0f09aej04zpazpl0ne2cgukyawd24mayt8gpp4mhxue69uhhytnc9e3k7mgpz4mhxue69uhkg6nzv9ejuum"
      "p"
      "v34kytnrdaksjlyr9p";
  const auto profile = parsed<ProfilePointer>(text);
  EXPECT_EQ(profile.pubkey.hex(), "3bf0c63fcb93463407af97a5e5ee64fa883d107ef9e558472c4eb9aaaefa459d");
  EXPECT_THAT(profile.relays, ElementsAre("wss://r.x.com", "wss://djbas.sadkb.com"));
  EXPECT_EQ(encode_nprofile(profile), text);
}

TEST(Nip19, AgreesWithOtherImplementations) {
  const auto article = parsed<AddressPointer>(
      "naddr1qq98yetxv4ex2mnrv4esygrl54h466tz4v0re4pyuavvxqptsejl0vxcmnhfl60z3rth2xkpjspsgqqqw4rsf34vl5");
  EXPECT_EQ(to_string(article.address),
            "30023:7fa56f5d6962ab1e3cd424e758c3002b8665f7b0d8dcee9fe9e288d7751ac194:references");
  const auto event = parsed<EventPointer>(
      "nevent1qqstna2yrezu5wghjvswqqculvvwxsrcvu7uc0f78gan4xqhvz49d9spr3mhxue69uhkummnw3ez6un9d3shjtn4de6x2argwghx6egpr"
      "4mhx"
      "ue69uhkummnw3ez6ur4vgh8wetvd3hhyer9wghxuet5nxnepm");
  EXPECT_EQ(event.id.hex(), "b9f5441e45ca39179320e0031cfb18e34078673dcc3d3e3a3b3a981760aa5696");
  EXPECT_THAT(event.relays, ElementsAre("wss://nostr-relay.untethr.me", "wss://nostr-pub.wellorder.net"));
}

TEST(Nip19, RoundTripsPointers) {
  EventId id;
  id.data.fill(9);
  PublicKey author;
  author.data.fill(200);
  EXPECT_EQ(parsed<EventId>(encode_note(id)), id);
  const EventPointer event{id, {"wss://a/", ""}, author, Kind{65535}};
  EXPECT_EQ(parsed<EventPointer>(encode_nevent(event).value()), event);
  const AddressPointer address{{30023, author, std::string("a:\0b", 4)}, {"wss://a/"}};
  EXPECT_EQ(parsed<AddressPointer>(encode_naddr(address).value()), address);
  const AddressPointer profile{{0, author, ""}, {}};
  EXPECT_EQ(parsed<AddressPointer>(encode_naddr(profile).value()), profile);
}

TEST(Nip19, ReadsKeysAndIdsAsPeopleNameThem) {
  PublicKey key;
  key.data.fill(7);
  EXPECT_EQ(parse_public_key(key.hex()), key);
  EXPECT_EQ(parse_public_key(encode_npub(key)), key);
  EXPECT_EQ(parse_public_key(*encode_nprofile({key, {"wss://a/"}})), key);
  EventId id;
  id.data.fill(9);
  EXPECT_EQ(parse_event_id(id.hex()), id);
  EXPECT_EQ(parse_event_id(encode_note(id)), id);
  EXPECT_EQ(parse_event_id(*encode_nevent({id, {}, key, {}})), id);
  EXPECT_FALSE(parse_public_key(encode_note(id)));
  EXPECT_FALSE(parse_event_id(encode_npub(key)));
  EXPECT_FALSE(parse_public_key(std::string(64, 'A')));
  EXPECT_FALSE(parse_public_key(""));
}

TEST(Nip19, SkipsFieldsItDoesNotKnow) {
  const auto bytes = field(77, 3) + field(0, 32, 1) + field(1, 2, 'x') + field(9, 0) + field(0, 32, 2);
  const auto profile = parsed<ProfilePointer>(encode_bech32("nprofile", bytes).value());
  EXPECT_EQ(profile.pubkey.data[0], 1);
  EXPECT_THAT(profile.relays, ElementsAre("xx"));
}

TEST(Nip19, RefusesBrokenEntities) {
  EXPECT_EQ(parse_nip19("").error(), Nip19Error::not_bech32);
  EXPECT_EQ(parse_nip19("npub1").error(), Nip19Error::not_bech32);
  EXPECT_EQ(fault("npub", std::vector<std::uint8_t>(31)), Nip19Error::bad_length);
  EXPECT_EQ(fault("nsec", std::vector<std::uint8_t>(33)), Nip19Error::bad_length);
  EXPECT_EQ(fault("note", {}), Nip19Error::bad_length);
  EXPECT_EQ(fault("nrelay", field(0, 4)), Nip19Error::unknown_prefix);
  EXPECT_EQ(fault("bc", std::vector<std::uint8_t>(32)), Nip19Error::unknown_prefix);
  EXPECT_EQ(fault("nprofile", {}), Nip19Error::missing_field);
  EXPECT_EQ(fault("nprofile", {0}), Nip19Error::bad_length);
  EXPECT_EQ(fault("nprofile", {0, 32, 1}), Nip19Error::bad_length);
  EXPECT_EQ(fault("nevent", field(0, 31)), Nip19Error::bad_length);
  EXPECT_EQ(fault("nevent", field(0, 32) + field(2, 5)), Nip19Error::bad_length);
  EXPECT_EQ(fault("nevent", field(0, 32) + field(3, 2)), Nip19Error::bad_length);
  EXPECT_EQ(fault("nevent", field(0, 32) + field(3, 4, 1)), Nip19Error::bad_kind);
  EXPECT_EQ(fault("naddr", field(0, 3) + field(2, 32)), Nip19Error::missing_field);
  EXPECT_EQ(fault("naddr", field(0, 3) + field(3, 4)), Nip19Error::missing_field);
}

TEST(Nip19, DoesNotWriteWhatDoesNotFit) {
  EXPECT_EQ(encode_naddr({{30023, {}, std::string(256, 'x')}, {}}), std::nullopt);
  EXPECT_EQ(encode_nprofile({{}, {std::string(256, 'x')}}), std::nullopt);
  EXPECT_EQ(encode_nprofile({{}, std::vector<std::string>(20, std::string(200, 'x'))}), std::nullopt);
}

}  // namespace
}  // namespace pharos
