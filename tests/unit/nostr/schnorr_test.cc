#include "nostr/schnorr.h"

#include <fstream>
#include <sstream>

#include <gmock/gmock.h>

#include "nostr/canonical.h"
#include "support/paths.h"

namespace pharos {
namespace {

// Gives out the bytes it was made with: the auxiliary randomness of a vector.
class FixedRandom final : public Random {
 public:
  explicit FixedRandom(EventId bytes) : bytes_(bytes) {}
  void fill(std::span<std::uint8_t> out) override {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = bytes_.data[i % bytes_.data.size()];
  }

 private:
  EventId bytes_;
};

struct Vector {
  std::string index, secret, key, auxiliary, message, signature, valid;
};

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// The rows of BIP-340 whose message is 32 bytes, as event ids are.
std::vector<Vector> vectors() {
  std::ifstream file(testing::source_dir() + "/tests/vectors/bip340.csv");
  std::vector<Vector> out;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream row(line);
    Vector v;
    for (std::string* column : {&v.index, &v.secret, &v.key, &v.auxiliary, &v.message, &v.signature, &v.valid}) {
      std::getline(row, *column, ',');
      if (column != &v.valid) *column = lower(*column);
    }
    if (v.message.size() == 64) out.push_back(v);
  }
  return out;
}

TEST(Schnorr, VerifiesAsTheVectorsOfBip340Say) {
  const std::vector<Vector> all = vectors();
  ASSERT_EQ(all.size(), 15U);
  // Twice: the second round reads keys from the cache.
  for (int round = 0; round < 2; ++round) {
    for (const Vector& v : all) {
      EXPECT_EQ(verify_signature(PublicKey::from_hex(v.key).value(), EventId::from_hex(v.message).value(),
                                 Signature::from_hex(v.signature).value()),
                v.valid == "TRUE")
          << "row " << v.index;
    }
  }
}

TEST(Schnorr, SignsAsTheVectorsOfBip340Say) {
  int signed_rows = 0;
  for (const Vector& v : vectors()) {
    if (v.secret.empty()) continue;
    ++signed_rows;
    const SecretKey secret = SecretKey::from_hex(v.secret).value();
    FixedRandom random(EventId::from_hex(v.auxiliary).value());
    EXPECT_EQ(derive_public_key(secret)->hex(), v.key) << "row " << v.index;
    EXPECT_EQ(sign(secret, EventId::from_hex(v.message).value(), random).hex(), v.signature) << "row " << v.index;
  }
  EXPECT_EQ(signed_rows, 4);
}

TEST(Schnorr, RefusesSecretsOutsideTheGroup) {
  EXPECT_EQ(derive_public_key(SecretKey{}), std::nullopt);
  const auto order = SecretKey::from_hex("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141").value();
  EXPECT_EQ(derive_public_key(order), std::nullopt);
}

TEST(Schnorr, GeneratesKeysThatSign) {
  SeededRandom random(7);
  const SecretKey first = generate_secret_key(random);
  EXPECT_NE(first, generate_secret_key(random));
  Event event;
  event.content = "hello";
  sign_event(event, first, random);
  EXPECT_EQ(event.pubkey, derive_public_key(first));
  EXPECT_EQ(verify_event(event), EventFault::none);
}

TEST(Schnorr, TellsABadIdFromABadSignature) {
  SeededRandom random(8);
  Event event;
  sign_event(event, generate_secret_key(random), random);
  Event altered = event;
  altered.content = "x";
  EXPECT_EQ(verify_event(altered), EventFault::bad_id);
  altered.id = compute_id(altered);
  EXPECT_EQ(verify_event(altered), EventFault::bad_signature);
  altered = event;
  altered.sig.data[63] ^= 1;
  EXPECT_EQ(verify_event(altered), EventFault::bad_signature);
  altered.sig = {};
  EXPECT_EQ(verify_event(altered), EventFault::bad_signature);
}

TEST(Schnorr, KeysThatShareACacheSlotStayApart) {
  SeededRandom random(9);
  std::vector<Event> events(1500);
  for (Event& event : events) sign_event(event, generate_secret_key(random), random);
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < events.size(); ++i) {
      EXPECT_EQ(verify_event(events[i]), EventFault::none);
      EXPECT_FALSE(verify_signature(events[(i + 1) % events.size()].pubkey, events[i].id, events[i].sig));
    }
  }
}

}  // namespace
}  // namespace pharos
