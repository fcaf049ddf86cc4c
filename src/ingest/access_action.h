// What an administrator (NIP-86), the operator or a key itself (NIP-43) may ask of the access lists. Pure; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

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

}  // namespace pharos::ingest
