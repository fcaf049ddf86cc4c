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
inline constexpr Kind kDeletion = 5;            // NIP-09
inline constexpr Kind kVanish = 62;             // NIP-62
inline constexpr Kind kGiftWrap = 1059;         // NIP-59
inline constexpr Kind kDraftCheckpoint = 1234;  // NIP-37
inline constexpr Kind kMemberAdded = 8000;      // NIP-43
inline constexpr Kind kMemberRemoved = 8001;
inline constexpr Kind kRelayList = 10002;            // NIP-65
inline constexpr Kind kPrivateRelays = 10013;        // NIP-37
inline constexpr Kind kMonitorAnnouncement = 10166;  // NIP-66
inline constexpr Kind kMemberList = 13534;           // NIP-43
inline constexpr Kind kEphemeralGiftWrap = 21059;
inline constexpr Kind kClientAuth = 22242;   // NIP-42
inline constexpr Kind kHttpAuth = 27235;     // NIP-98
inline constexpr Kind kJoinRequest = 28934;  // NIP-43
inline constexpr Kind kInvite = 28935;
inline constexpr Kind kLeaveRequest = 28936;
inline constexpr Kind kRelayDiscovery = 30166;  // NIP-66
inline constexpr Kind kDraft = 31234;           // NIP-37
inline constexpr Kind kMemberRole = 33534;      // NIP-43
}  // namespace kind

// NIP-43: for the relay that they are sent to, which neither stores them nor passes them on.
constexpr bool is_membership_request(Kind k) { return k == kind::kJoinRequest || k == kind::kLeaveRequest; }

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
