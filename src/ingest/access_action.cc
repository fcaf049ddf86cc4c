#include "ingest/access_action.h"

#include <algorithm>
#include <array>

namespace pharos::ingest {
namespace {

struct Names {
  std::string_view name;
  std::string_view title;
};
constexpr std::array<Names, kAccessActions> kNames{Names{"banpubkey", "ban pubkey"},
                                                   Names{"unbanpubkey", "unban pubkey"},
                                                   Names{"allowpubkey", "allow pubkey"},
                                                   Names{"unallowpubkey", "deny pubkey"},
                                                   Names{"banevent", "ban event"},
                                                   Names{"unbanevent", "unban event"},
                                                   Names{"allowevent", "allow event"},
                                                   Names{"unallowevent", "deny event"},
                                                   Names{"allowkind", "allow kind"},
                                                   Names{"unallowkind", "deny kind"},
                                                   Names{"disallowkind", "ban kind"},
                                                   Names{"undisallowkind", "unban kind"},
                                                   Names{"blockip", "ban ip"},
                                                   Names{"unblockip", "unban ip"},
                                                   Names{"createrole", "create role"},
                                                   Names{"editrole", "edit role"},
                                                   Names{"deleterole", "delete role"},
                                                   Names{"assignrole", "assign role"},
                                                   Names{"unassignrole", "unassign role"},
                                                   Names{"changerelayname", "change name"},
                                                   Names{"changerelaydescription", "change description"},
                                                   Names{"changerelayicon", "change icon"},
                                                   Names{"join", "join"},
                                                   Names{"leave", "leave"}};

}  // namespace

std::string_view name(AccessAction action) { return kNames[static_cast<std::size_t>(action)].name; }
std::string_view title(AccessAction action) { return kNames[static_cast<std::size_t>(action)].title; }

std::optional<AccessAction> access_action(std::string_view name) {
  const auto found = std::ranges::find(kNames, name, &Names::name);
  if (found == kNames.end()) return std::nullopt;
  const auto action = static_cast<AccessAction>(found - kNames.begin());
  return is_request(action) ? std::nullopt : std::optional(action);
}

}  // namespace pharos::ingest
