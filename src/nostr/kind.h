// Kind classes of NIP-01. 45..999 and 40000..65535 are unclassified there; the house treats them as regular.
#pragma once

#include "nostr/types.h"

namespace pharos {

enum class KindClass { regular, replaceable, ephemeral, addressable };

namespace kind {
inline constexpr Kind kProfile = 0;
inline constexpr Kind kNote = 1;
inline constexpr Kind kContacts = 3;
inline constexpr Kind kEncryptedMessage = 4;
inline constexpr Kind kDeletion = 5;                 // NIP-09
inline constexpr Kind kGiftWrap = 1059;              // NIP-59
inline constexpr Kind kRelayList = 10002;            // NIP-65
inline constexpr Kind kMonitorAnnouncement = 10166;  // NIP-66
inline constexpr Kind kEphemeralGiftWrap = 21059;
inline constexpr Kind kClientAuth = 22242;      // NIP-42
inline constexpr Kind kRelayDiscovery = 30166;  // NIP-66
}  // namespace kind

constexpr KindClass classify(Kind k) {
  if (k == 0 || k == 3 || (k >= 10000 && k < 20000)) return KindClass::replaceable;
  if (k >= 20000 && k < 30000) return KindClass::ephemeral;
  if (k >= 30000 && k < 40000) return KindClass::addressable;
  return KindClass::regular;
}

// Whether a newer event of the kind takes the place of an older one (NIP-01).
constexpr bool has_address(Kind kind) {
  const KindClass kind_class = classify(kind);
  return kind_class == KindClass::replaceable || kind_class == KindClass::addressable;
}

}  // namespace pharos
