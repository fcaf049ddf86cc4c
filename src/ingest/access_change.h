// One change of the access lists, as an administrator (NIP-86) or the operator asks for it, and what it comes to.
// Pure; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/access_lists.h"
#include "ingest/invites.h"
#include "nostr/filter.h"
#include "util/clock.h"
#include "util/result.h"

namespace pharos::ingest {

// Named as NIP-86 names its methods; those that it lacks are the operator's alone.
//
// The last word counts. To allow takes the ban of the lists off, whatever is allowed; and where a key or a kind was
// banned and all others may publish, that is all it does: on an allow list it would lock all others out. To ban takes
// an event or a kind off the allow list. A key stays on it, with its roles: a ban outweighs the list and may be for a
// while, and a list that loses its last key lets everybody in. What the settings ban is for the settings to allow.
//
// A command that is given twice must not lock anybody out: where all others may publish, the operator puts a first key
// or kind on an allow list by asking for just that (FirstAllowed). NIP-86 has no word for it, there it goes by itself.
enum class AccessAction {
  ban_pubkey,
  unban_pubkey,
  allow_pubkey,
  unallow_pubkey,  // with its roles
  ban_event,
  unban_event,  // the operator's
  allow_event,
  unallow_event,  // the operator's
  allow_kind,
  unallow_kind,     // the operator's
  disallow_kind,    // off the allowed kinds and onto the denied ones
  undisallow_kind,  // the operator's
  block_address,    // or a block of them
  unblock_address,  // that very block, whatever else covers it
  create_role,
  edit_role,
  delete_role,  // and from those who have it
  assign_role,
  unassign_role,
  change_name,  // "" goes back to the setting
  change_description,
  change_icon,
  join,   // a request of the key itself (NIP-43)
  leave,  // likewise; takes its roles as well
};
inline constexpr std::size_t kAccessActions = static_cast<std::size_t>(AccessAction::leave) + 1;
// Of whoever wants to be a member, or no longer; all others are for administrators and the operator.
constexpr bool is_request(AccessAction action) { return action == AccessAction::join || action == AccessAction::leave; }
std::string_view name(AccessAction action);
// As the commands have it, for people: "ban pubkey", "unban ip".
std::string_view title(AccessAction action);
// nullopt for requests too: nobody orders what others ask for.
std::optional<AccessAction> access_action(std::string_view name);

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
