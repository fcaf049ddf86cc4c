#include "support/event_factory.h"

#include <map>
#include <utility>

#include "nostr/canonical.h"
#include "nostr/schnorr.h"
#include "nostr/sha256.h"

namespace pharos::test {
namespace {

struct KeyPair {
  SecretKey secret;
  PublicKey pubkey;
};

const KeyPair& key_pair(std::size_t index) {
  static std::map<std::size_t, KeyPair> made;
  const auto found = made.find(index);
  if (found != made.end()) return found->second;
  const SecretKey secret{sha256(as_bytes("pharos test key " + std::to_string(index)))};
  return made.emplace(index, KeyPair{secret, derive_public_key(secret).value()}).first->second;
}

Event fill(const EventSpec& spec) {
  Event event;
  event.pubkey = public_key(spec.key);
  event.created_at = spec.created_at;
  event.kind = spec.kind;
  event.tags = spec.tags;
  event.content = spec.content;
  return event;
}

}  // namespace

const SecretKey& secret_key(std::size_t index) { return key_pair(index).secret; }
const PublicKey& public_key(std::size_t index) { return key_pair(index).pubkey; }

Event signed_event(const EventSpec& spec) {
  SeededRandom random(spec.key);
  Event event = fill(spec);
  sign_event(event, secret_key(spec.key), random);
  return event;
}

Event unsigned_event(const EventSpec& spec) {
  Event event = fill(spec);
  event.id = compute_id(event);
  const std::array<std::uint8_t, 32> noise = sha256(event.id.data);
  std::ranges::copy(noise, event.sig.data.begin());
  std::ranges::copy(noise, event.sig.data.begin() + noise.size());
  return event;
}

EventSpec EventSequence::advance() {
  EventSpec spec = next_;
  spec.content += " #" + std::to_string(count_++);
  next_.created_at += step_;
  return spec;
}

}  // namespace pharos::test
