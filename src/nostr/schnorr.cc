#include "nostr/schnorr.h"

#include <array>
#include <cstring>
#include <memory>

#include <secp256k1.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>

#include "nostr/canonical.h"
#include "util/check.h"

namespace pharos {
namespace {

// Wiping must not be optimised away; explicit_bzero promises that.
template <class T>
class Wiped {
 public:
  Wiped() = default;
  ~Wiped() { explicit_bzero(&value_, sizeof value_); }
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
  T& operator*() { return value_; }
  T* operator->() { return &value_; }
  T* get() { return &value_; }

 private:
  T value_{};
};

// One context and one key cache per thread, so that nothing is shared and nothing is locked.
class Curve {
 public:
  Curve() : context_(secp256k1_context_create(SECP256K1_CONTEXT_NONE)) {
    PHAROS_FATAL_CHECK(context_ != nullptr);
    SystemRandom random;
    Wiped<std::array<std::uint8_t, 32>> seed;
    random.fill(*seed);
    PHAROS_FATAL_CHECK(secp256k1_context_randomize(context_.get(), seed->data()) == 1);
  }

  static Curve& of_this_thread() {
    thread_local Curve curve;
    return curve;
  }

  secp256k1_context* context() { return context_.get(); }

  // nullptr when the key is not the x coordinate of a curve point. Finding the point of an x-only key takes a square
  // root, about a fifth of a verification, and few authors write most events. Direct-mapped: a newer key evicts the
  // older one of its slot, and keys ground to collide cost that fifth and no more.
  const secp256k1_xonly_pubkey* parse(const PublicKey& key) {
    if (!cache_) cache_ = std::make_unique<std::array<Slot, kSlots>>();
    Slot& slot = (*cache_)[FixedBytesHash{}(key) % kSlots];
    if (!slot.filled || slot.key != key) {
      secp256k1_xonly_pubkey parsed;
      if (secp256k1_xonly_pubkey_parse(context_.get(), &parsed, key.data.data()) != 1) return nullptr;
      slot = {.key = key, .parsed = parsed, .filled = true};
    }
    return &slot.parsed;
  }

 private:
  static constexpr std::size_t kSlots = 1024;
  struct Slot {
    PublicKey key;
    secp256k1_xonly_pubkey parsed;
    bool filled = false;
  };
  struct Destroy {
    void operator()(secp256k1_context* context) const { secp256k1_context_destroy(context); }
  };

  std::unique_ptr<secp256k1_context, Destroy> context_;
  std::unique_ptr<std::array<Slot, kSlots>> cache_;
};

bool make_keypair(Curve& curve, const SecretKey& secret, secp256k1_keypair* out) {
  return secp256k1_keypair_create(curve.context(), out, secret.data.data()) == 1;
}

PublicKey public_key(Curve& curve, const secp256k1_keypair* keypair) {
  secp256k1_xonly_pubkey key;
  PublicKey out;
  const bool done = secp256k1_keypair_xonly_pub(curve.context(), &key, nullptr, keypair) == 1 &&
                    secp256k1_xonly_pubkey_serialize(curve.context(), out.data.data(), &key) == 1;
  PHAROS_FATAL_CHECK(done);
  return out;
}

Signature sign_with(Curve& curve, const secp256k1_keypair* keypair, const EventId& message, Random& random) {
  Wiped<std::array<std::uint8_t, 32>> auxiliary;
  random.fill(*auxiliary);
  Signature out;
  const int done =
      secp256k1_schnorrsig_sign32(curve.context(), out.data.data(), message.data.data(), keypair, auxiliary->data());
  PHAROS_FATAL_CHECK(done == 1);
  return out;
}

}  // namespace

bool verify_signature(const PublicKey& key, const EventId& message, const Signature& signature) {
  Curve& curve = Curve::of_this_thread();
  const secp256k1_xonly_pubkey* parsed = curve.parse(key);
  return parsed != nullptr && secp256k1_schnorrsig_verify(curve.context(), signature.data.data(), message.data.data(),
                                                          message.data.size(), parsed) == 1;
}

std::optional<PublicKey> derive_public_key(const SecretKey& secret) {
  Curve& curve = Curve::of_this_thread();
  Wiped<secp256k1_keypair> keypair;
  if (!make_keypair(curve, secret, keypair.get())) return std::nullopt;
  return public_key(curve, keypair.get());
}

SecretKey generate_secret_key(Random& random) {
  SecretKey secret;
  do {
    random.fill(secret.data);
  } while (secp256k1_ec_seckey_verify(Curve::of_this_thread().context(), secret.data.data()) != 1);
  return secret;
}

Signature sign(const SecretKey& secret, const EventId& message, Random& random) {
  Curve& curve = Curve::of_this_thread();
  Wiped<secp256k1_keypair> keypair;
  PHAROS_FATAL_CHECK(make_keypair(curve, secret, keypair.get()));
  return sign_with(curve, keypair.get(), message, random);
}

void sign_event(Event& event, const SecretKey& secret, Random& random) {
  Curve& curve = Curve::of_this_thread();
  Wiped<secp256k1_keypair> keypair;
  PHAROS_FATAL_CHECK(make_keypair(curve, secret, keypair.get()));
  event.pubkey = public_key(curve, keypair.get());
  event.id = compute_id(event);
  event.sig = sign_with(curve, keypair.get(), event.id, random);
}

EventFault verify_event(const Event& event) {
  if (compute_id(event) != event.id) return EventFault::bad_id;
  if (!verify_signature(event.pubkey, event.id, event.sig)) return EventFault::bad_signature;
  return EventFault::none;
}

}  // namespace pharos
