#include "ingest/access_change.h"

#include <algorithm>
#include <array>

#include "nostr/json_number.h"
#include "nostr/key_text.h"
#include "nostr/nip19.h"
#include "util/utf8.h"

namespace pharos::ingest {
namespace {

using Planned = Result<AccessPlan, std::string>;

constexpr std::array<std::string_view, kAccessActions> kNames{"banpubkey",
                                                              "unbanpubkey",
                                                              "allowpubkey",
                                                              "unallowpubkey",
                                                              "banevent",
                                                              "unbanevent",
                                                              "allowevent",
                                                              "unallowevent",
                                                              "allowkind",
                                                              "unallowkind",
                                                              "disallowkind",
                                                              "undisallowkind",
                                                              "blockip",
                                                              "unblockip",
                                                              "createrole",
                                                              "editrole",
                                                              "deleterole",
                                                              "assignrole",
                                                              "unassignrole",
                                                              "changerelayname",
                                                              "changerelaydescription",
                                                              "changerelayicon",
                                                              "join",
                                                              "leave"};

constexpr std::size_t kMaxTextBytes = 4096;
constexpr std::size_t kMaxIconBytes = 1024;
constexpr std::size_t kMaxRoleIdBytes = 64;
constexpr std::size_t kMaxRoleTextBytes = 500;
constexpr std::size_t kMaxRolesOfOne = 32;

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

std::string_view list_name(AccessList list) {
  switch (list) {
    case AccessList::banned_pubkey:
      return "banned public keys";
    case AccessList::allowed_pubkey:
      return "allowed public keys";
    case AccessList::banned_event:
      return "banned events";
    case AccessList::allowed_event:
      return "allowed events";
    case AccessList::denied_kind:
      return "denied kinds";
    case AccessList::allowed_kind:
      return "allowed kinds";
    case AccessList::blocked:
      return "blocked addresses";
    case AccessList::role:
      return "roles";
    case AccessList::member:
      return "keys with a role";
    case AccessList::text:
      return "texts";
    case AccessList::spent_invite:
      return "spent invite codes";
  }
  return "";
}

std::string raw(std::span<const std::uint8_t> bytes) { return std::string(as_text(bytes)); }
std::string kind_key(Kind kind) { return {static_cast<char>(kind >> 8U), static_cast<char>(kind & 0xffU)}; }

class Planner {
 public:
  Planner(const AccessRules& rules, const AccessChange& change, UnixSeconds now)
      : rules_(rules), change_(change), now_(now) {}

  Planned run() {
    if (!is_utf8(change_.subject) || !is_utf8(change_.reason)) return failure(std::string("that is no text in UTF-8"));
    if (change_.reason.size() > kMaxReasonBytes)
      return failure("the reason is longer than " + std::to_string(kMaxReasonBytes) + " bytes");
    switch (change_.action) {
      case AccessAction::ban_pubkey:
      case AccessAction::unban_pubkey:
      case AccessAction::allow_pubkey:
      case AccessAction::unallow_pubkey:
        return of_pubkey();
      case AccessAction::ban_event:
      case AccessAction::unban_event:
      case AccessAction::allow_event:
      case AccessAction::unallow_event:
        return of_event();
      case AccessAction::allow_kind:
      case AccessAction::unallow_kind:
      case AccessAction::disallow_kind:
      case AccessAction::undisallow_kind:
        return of_kind();
      case AccessAction::block_address:
      case AccessAction::unblock_address:
        return of_address();
      case AccessAction::create_role:
      case AccessAction::edit_role:
      case AccessAction::delete_role:
        return of_role();
      case AccessAction::assign_role:
      case AccessAction::unassign_role:
        return of_member();
      case AccessAction::change_name:
      case AccessAction::change_description:
      case AccessAction::change_icon:
        return of_text();
      case AccessAction::join:
        return of_join();
      case AccessAction::leave:
        return of_leave();
    }
    return failure(std::string("no such change"));
  }

 private:
  void put(AccessList list, std::string key, std::string value) {
    plan_.entries.push_back({list, std::move(key), std::move(value)});
  }
  void take(AccessList list, std::string key) { plan_.entries.push_back({list, std::move(key), std::nullopt}); }

  // Each change adds one entry at most, and one that replaces another of its key adds none.
  Planned finish() {
    forget_expired();
    for (const AccessEntry& entry : plan_.entries) {
      if (!entry.value || rules_.lists().size(entry.list) < max_entries(entry.list)) continue;
      AccessLists grown = rules_.lists();
      for (const AccessEntry& each : plan_.entries) grown.apply(each);
      if (grown.size(entry.list) > max_entries(entry.list)) {
        return failure("the list of " + std::string(list_name(entry.list)) + " is full: it has " +
                       std::to_string(max_entries(entry.list)));
      }
    }
    return std::move(plan_);
  }

  void forget_expired() {
    std::size_t most = kForgottenAtOnce;
    for (const auto& [number, expires] : rules_.lists().spent_invites) {
      if (expires >= now_ - kSpentMargin) continue;
      take(AccessList::spent_invite, number);
      if (--most == 0) return;
    }
  }

  void take_roles(const PublicKey& key) {
    const auto member = rules_.lists().members.find(key);
    if (member == rules_.lists().members.end()) return;
    for (const std::string& role : member->second) take(AccessList::member, raw(key.span()) + role);
  }

  Planned of_pubkey() {
    const auto key = parse_public_key(change_.subject);
    if (!key) return failure(why_no_public_key(change_.subject));
    plan_.subject = key->hex();
    const std::string entry = raw(key->span());
    switch (change_.action) {
      case AccessAction::ban_pubkey: {
        if (rules_.fixed().exempt.contains(*key))
          return failure(plan_.subject + " is the relay's own key, its operator's or an administrator's");
        put(AccessList::banned_pubkey, entry, change_.reason);
        Filter by_them;
        by_them.authors = {*key};
        plan_.erased.push_back(std::move(by_them));
        break;
      }
      case AccessAction::unban_pubkey:
        if (rules_.fixed().denied_pubkeys.contains(*key))
          return failure(plan_.subject + " is listed in the settings, in ingest.deny_pubkeys");
        take(AccessList::banned_pubkey, entry);
        break;
      case AccessAction::allow_pubkey:
        put(AccessList::allowed_pubkey, entry, change_.reason);
        break;
      default:
        if (rules_.fixed().allowed_pubkeys.contains(*key))
          return failure(plan_.subject + " is listed in the settings, in ingest.allow_pubkeys");
        take(AccessList::allowed_pubkey, entry);
        if (rules_.lists().allowed_pubkeys.contains(*key) && !rules_.fixed().exempt.contains(*key)) take_roles(*key);
    }
    return finish();
  }

  Planned of_event() {
    const auto id = parse_event_id(change_.subject);
    if (!id) return failure(quoted(change_.subject) + " is neither 64 lower-case hex digits nor a note or nevent");
    plan_.subject = id->hex();
    const std::string entry = raw(id->span());
    switch (change_.action) {
      case AccessAction::ban_event: {
        take(AccessList::allowed_event, entry);
        put(AccessList::banned_event, entry, change_.reason);
        Filter that;
        that.ids = {*id};
        plan_.erased.push_back(std::move(that));
        break;
      }
      case AccessAction::unban_event:
        take(AccessList::banned_event, entry);
        break;
      case AccessAction::allow_event:
        take(AccessList::banned_event, entry);
        put(AccessList::allowed_event, entry, change_.reason);
        break;
      default:
        take(AccessList::allowed_event, entry);
    }
    return finish();
  }

  Planned of_kind() {
    const auto number = parse_json_unsigned(change_.subject);
    if (!number || *number > 65535) return failure(quoted(change_.subject) + " is no kind, a number up to 65535");
    const auto kind = static_cast<Kind>(*number);
    plan_.subject = std::to_string(kind);
    const std::string entry = kind_key(kind);
    const auto is_fixed = [kind](const std::vector<KindRange>& ranges) {
      return std::ranges::any_of(ranges, [kind](const KindRange& r) { return r.first <= kind && kind <= r.last; });
    };
    const bool lifts = change_.action == AccessAction::allow_kind || change_.action == AccessAction::undisallow_kind;
    if (lifts && is_fixed(rules_.fixed().denied_kinds))
      return failure(plan_.subject + " is listed in the settings, in ingest.deny_kinds");
    if (change_.action == AccessAction::unallow_kind && is_fixed(rules_.fixed().allowed_kinds))
      return failure(plan_.subject + " is listed in the settings, in ingest.allow_kinds");
    switch (change_.action) {
      case AccessAction::allow_kind: {
        const bool all_may_come = rules_.lists().allowed_kinds.empty() && rules_.fixed().allowed_kinds.empty();
        // Else taking a denial back would deny every other kind.
        const bool takes_back = rules_.lists().denied_kinds.contains(kind) && all_may_come;
        take(AccessList::denied_kind, entry);
        if (!takes_back) put(AccessList::allowed_kind, entry, change_.reason);
        break;
      }
      case AccessAction::unallow_kind:
        take(AccessList::allowed_kind, entry);
        break;
      case AccessAction::disallow_kind:
        take(AccessList::allowed_kind, entry);
        put(AccessList::denied_kind, entry, change_.reason);
        break;
      default:
        take(AccessList::denied_kind, entry);
    }
    return finish();
  }

  Planned of_address() {
    const auto range = IpRange::parse(change_.subject);
    if (!range) return failure(quoted(change_.subject) + " is neither an IP address nor a block such as 192.0.2.0/24");
    plan_.subject = range->text();
    if (change_.action == AccessAction::block_address) {
      for (const IpRange& spared : rules_.fixed().spared_addresses) {
        // Where every address is trusted none of them is a proxy's alone.
        if (range->contains(spared) || (spared.length() > 0 && spared.contains(*range)))
          return failure(
              plan_.subject + " meets " + spared.text() +
              ", loopback or one of relay.trusted_proxies: a block of it would lock out all who come that way");
      }
      put(AccessList::blocked, plan_.subject, change_.reason);
      return finish();
    }
    for (const IpRange& denied : rules_.fixed().denied_addresses) {
      if (denied.contains(*range))
        return failure(plan_.subject + " lies in " + denied.text() + " of the settings, in relay.deny_addresses");
    }
    for (const auto& [blocked, reason] : rules_.lists().blocked) {
      if (blocked != *range && blocked.contains(*range))
        return failure(plan_.subject + " lies in " + blocked.text() + ", which is blocked");
    }
    take(AccessList::blocked, plan_.subject);
    return finish();
  }

  Planned of_role() {
    const std::string& id = change_.subject;
    if (id.empty() || id.size() > kMaxRoleIdBytes || id.find('\0') != std::string::npos)
      return failure("the id of a role has 1 to " + std::to_string(kMaxRoleIdBytes) + " bytes");
    const bool exists = rules_.lists().roles.contains(id);
    if (change_.action == AccessAction::create_role && exists) return failure("there is a role " + quoted(id));
    if (change_.action != AccessAction::create_role && !exists) return failure("there is no role " + quoted(id));
    plan_.subject = id;
    if (change_.action == AccessAction::delete_role) {
      for (const auto& [key, roles] : rules_.lists().members) {
        if (roles.contains(id)) take(AccessList::member, raw(key.span()) + id);
      }
      take(AccessList::role, id);
      return finish();
    }
    for (const std::string* text : {&change_.role.label, &change_.role.description, &change_.role.color}) {
      if (text->size() > kMaxRoleTextBytes || text->find('\0') != std::string::npos || !is_utf8(*text))
        return failure("a text of a role has at most " + std::to_string(kMaxRoleTextBytes) + " bytes");
    }
    put(AccessList::role, id, encode_role(change_.role));
    return finish();
  }

  Planned of_member() {
    const auto key = parse_public_key(change_.subject);
    if (!key) return failure(why_no_public_key(change_.subject));
    plan_.subject = key->hex() + " " + change_.role_id;
    const std::string entry = raw(key->span()) + change_.role_id;
    const auto member = rules_.lists().members.find(*key);
    const std::size_t roles = member == rules_.lists().members.end() ? 0 : member->second.size();
    if (change_.action == AccessAction::unassign_role) {
      if (roles == 0 || !member->second.contains(change_.role_id))
        return failure(key->hex() + " does not have the role " + quoted(change_.role_id));
      take(AccessList::member, entry);
      return finish();
    }
    if (!rules_.lists().roles.contains(change_.role_id)) return failure("there is no role " + quoted(change_.role_id));
    if (roles >= kMaxRolesOfOne) return failure("a key has at most " + std::to_string(kMaxRolesOfOne) + " roles");
    put(AccessList::member, entry, "");
    return finish();
  }

  Planned of_text() {
    plan_.subject = change_.subject;
    const char* key = "description";
    std::size_t most = kMaxTextBytes;
    if (change_.action == AccessAction::change_icon) {
      key = "icon";
      most = kMaxIconBytes;
    }
    if (change_.action == AccessAction::change_name) {
      key = "name";
      if (count_code_points(change_.subject) > kMaxRelayName)
        return failure("the name is longer than " + std::to_string(kMaxRelayName) + " characters");
    }
    if (change_.subject.size() > most) return failure("that is longer than " + std::to_string(most) + " bytes");
    if (change_.subject.empty())
      take(AccessList::text, key);
    else
      put(AccessList::text, key, change_.subject);
    return finish();
  }

  Planned of_join() {
    const auto key = parse_public_key(change_.subject);
    if (!key || rules_.is_member(*key)) return failure(std::string("you are already a member of this relay"));
    plan_.subject = key->hex();
    if (const auto& invite = change_.invite) {
      if (invite->expires < now_) return failure(std::string("that invite code is expired"));
      if (rules_.lists().spent_invites.contains(invite->number))
        return failure(std::string("that invite code was used already"));
      put(AccessList::spent_invite, invite->number, std::to_string(invite->expires));
    }
    const std::size_t most = max_entries(AccessList::allowed_pubkey) - kKeptForAdministrators;
    if (rules_.lists().allowed_pubkeys.size() >= most)
      return failure(std::string("this relay has as many members as it takes"));
    put(AccessList::allowed_pubkey, raw(key->span()), change_.reason);
    return finish();
  }

  Planned of_leave() {
    const auto key = parse_public_key(change_.subject);
    if (!key || !rules_.is_member(*key)) return failure(std::string("you are no member of this relay"));
    plan_.subject = key->hex();
    if (rules_.fixed().exempt.contains(*key) || rules_.fixed().allowed_pubkeys.contains(*key))
      return failure(std::string("the settings of this relay name you, its operator can take you off"));
    take(AccessList::allowed_pubkey, raw(key->span()));
    take_roles(*key);
    return finish();
  }

  const AccessRules& rules_;
  const AccessChange& change_;
  const UnixSeconds now_;
  AccessPlan plan_;
};

}  // namespace

std::string_view name(AccessAction action) { return kNames[static_cast<std::size_t>(action)]; }

std::optional<AccessAction> access_action(std::string_view name) {
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  const auto action = static_cast<AccessAction>(found - kNames.begin());
  return is_request(action) ? std::nullopt : std::optional(action);
}

Result<AccessPlan, std::string> plan(const AccessRules& rules, const AccessChange& change, UnixSeconds now) {
  return Planner(rules, change, now).run();
}

std::size_t max_entries(AccessList list) {
  switch (list) {
    case AccessList::banned_pubkey:
    case AccessList::allowed_pubkey:
    case AccessList::banned_event:
    case AccessList::allowed_event:
    case AccessList::spent_invite:
      return 50'000;
    case AccessList::member:
    case AccessList::blocked:
      return 10'000;
    case AccessList::denied_kind:
    case AccessList::allowed_kind:
      return 1'000;
    case AccessList::role:
      return 256;
    case AccessList::text:
      return 3;
  }
  return 0;
}

}  // namespace pharos::ingest
