// One change of the access lists, as an administrator (NIP-86) or the operator asks for it, and what it comes to.
// Pure; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "ingest/access_action.h"
#include "ingest/access_lists.h"
#include "ingest/invites.h"
#include "nostr/filter.h"
#include "util/clock.h"
#include "util/result.h"

namespace pharos::ingest {

// What becomes of the first key or kind of an allow list, which keeps all others from publishing.
enum class FirstAllowed {
  listed_unless_banned,  // of what was banned the ban is lifted alone
  listed,
  refused,  // likewise, and what was not banned is a failure
};

struct AccessChange {
  AccessAction action{};
  // Keys as hex, npub or nprofile, ids as hex, note or nevent, kinds in decimal, addresses as IpRange takes them, the
  // id of a role, a text.
  std::string subject;
  std::string reason;   // "" keeps the one that is there
  std::string role_id;  // to assign or unassign
  Role role;            // to create or edit
  // To join by a code that lets in nobody else from then on.
  std::optional<Invite> invite{};
  FirstAllowed first_allowed = FirstAllowed::listed_unless_banned;
};

struct AccessPlan {
  std::string subject;               // in its one spelling
  std::vector<AccessEntry> entries;  // none where nothing changes
  std::vector<Filter> erased;        // what is stored and may stay no longer
};

// What the change comes to under these rules. The failure says in words for people why it comes to nothing: a subject
// that is none, a full list, a ban or block of those who may not be locked out, the lifting of what the settings say, a
// request that changes nothing or brings a spent code. Invite codes that were spent and have expired go with any
// change.
Result<AccessPlan, std::string> plan(const AccessRules& rules, const AccessChange& change, UnixSeconds now);

// Of the blocks that are banned, others than the one asked about: those that cover it and those that lie in it, in
// words; the settings' say so, and one of them may be the same block.
struct OtherBlocks {
  std::vector<std::string> around;
  std::vector<std::string> within;
};
OtherBlocks other_blocks(const AccessLists& lists, const FixedAccess& fixed, const IpRange& block);

// Entries that a list may have; beyond it changes are refused.
std::size_t max_entries(AccessList list);
// Of the allowed public keys, those that requests to join leave to administrators.
inline constexpr std::size_t kKeptForAdministrators = 1'000;
// A spent code is remembered so much longer than it holds: a clock may be set back.
inline constexpr UnixSeconds kSpentMargin = 86'400;
inline constexpr std::size_t kForgottenAtOnce = 1'000;  // spent codes; the others go with the next change

inline constexpr std::size_t kMaxReasonBytes = 500;
inline constexpr std::size_t kMaxRelayName = 30;  // code points, NIP-11

}  // namespace pharos::ingest
