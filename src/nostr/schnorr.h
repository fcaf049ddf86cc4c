// BIP-340 signatures over secp256k1. Any thread; verification keeps a per-thread cache of parsed x-only keys.
#pragma once

#include "nostr/event.h"
#include "nostr/types.h"
#include "util/random.h"

namespace pharos {

bool verify_signature(const PublicKey& key, const EventId& message, const Signature& signature);

// nullopt when the secret is zero or not below the group order.
std::optional<PublicKey> derive_public_key(const SecretKey& secret);

SecretKey generate_secret_key(Random& random);

// The secret is valid (derive_public_key succeeds).
Signature sign(const SecretKey& secret, const EventId& message, Random& random);

// Fills pubkey, id and sig from the other fields.
void sign_event(Event& event, const SecretKey& secret, Random& random);

enum class EventFault { none, bad_id, bad_signature };

// id first (cheap), then the signature.
EventFault verify_event(const Event& event);

}  // namespace pharos
