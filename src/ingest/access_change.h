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
enum class AccessAction {
  ban_pubkey,
  unban_pubkey,
  allow_pubkey,
  unallow_pubkey,  // with its roles
  ban_event,
  unban_event,  // the operator's
  allow_event,
  unallow_event,    // the operator's
  allow_kind,       // off the denied kinds; onto the allowed ones, unless it was denied and all others may come
  unallow_kind,     // the operator's
  disallow_kind,    // off the allowed kinds and onto the denied ones
  undisallow_kind,  // the operator's
  block_address,    // or a block of them
  unblock_address,  // that very block
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
// nullopt for requests too: nobody orders what others ask for.
std::optional<AccessAction> access_action(std::string_view name);

struct AccessChange {
  AccessAction action{};
  // Keys as hex, npub or nprofile, ids as hex, note or nevent, kinds in decimal, addresses as IpRange takes them, the
  // id of a role, a text.
  std::string subject;
  std::string reason;
  std::string role_id;  // to assign or unassign
  Role role;            // to create or edit
  // To join by a code that lets in nobody else from then on.
  std::optional<Invite> invite{};
};

struct AccessPlan {
  std::string subject;  // in its one spelling
  std::vector<AccessEntry> entries;
  std::vector<Filter> erased;  // what is stored and may stay no longer
};

// What the change comes to under these rules. The failure says in words for people why it comes to nothing: a subject
// that is none, a full list, a ban or block of those who may not be locked out, the lifting of what the settings say, a
// request that changes nothing or brings a spent code. Invite codes that were spent and have expired go with any
// change.
Result<AccessPlan, std::string> plan(const AccessRules& rules, const AccessChange& change, UnixSeconds now);

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
