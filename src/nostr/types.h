// The identifiers of NIP-01, told apart by type.
#pragma once

#include "util/bytes.h"
#include "util/clock.h"

namespace pharos {

using EventId = FixedBytes<struct EventIdTag, 32>;
using PublicKey = FixedBytes<struct PublicKeyTag, 32>;  // x-only, BIP-340
using SecretKey = FixedBytes<struct SecretKeyTag, 32>;
using Signature = FixedBytes<struct SignatureTag, 64>;  // BIP-340

// Event kinds are 0..65535 (NIP-01).
using Kind = std::uint16_t;

}  // namespace pharos
