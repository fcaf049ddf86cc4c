#include "ingest/access_change.h"

#include <algorithm>
#include <string_view>

#include "nostr/json_number.h"
#include "nostr/key_text.h"
#include "nostr/nip19.h"
#include "util/uri.h"
#include "util/utf8.h"

namespace pharos::ingest {
namespace {

using Planned = Result<AccessPlan, std::string>;

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
  // Whoever gives no reason again has not taken the first one back.
  void put_with_reason(AccessList list, std::string key) {
    std::string reason = change_.reason.empty() ? rules_.lists().value(list, key).value_or("") : change_.reason;
    put(list, std::move(key), std::move(reason));
  }
  void take(AccessList list, std::string key) { plan_.entries.push_back({list, std::move(key), std::nullopt}); }

  // Each change adds one entry at most, and one that replaces another of its key adds none.
  Planned finish() {
    std::erase_if(plan_.entries, [this](const AccessEntry& entry) {
      return rules_.lists().value(entry.list, entry.key) == entry.value;
    });
    if (plan_.entries.empty()) return std::move(plan_);
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

  // Onto an allow list that leaves others their say or is not empty, or as its first by FirstAllowed. False where that
  // is refused.
  bool put_allowed(AccessList list, const std::string& key, bool was_banned, bool is_first) {
    if (is_first && change_.first_allowed != FirstAllowed::listed) {
      if (was_banned) return true;
      if (change_.first_allowed == FirstAllowed::refused) return false;
    }
    put_with_reason(list, key);
    return true;
  }

  Planned of_pubkey() {
    const auto key = parse_public_key(change_.subject);
    if (!key) return failure(why_no_public_key(change_.subject));
    plan_.subject = key->hex();
    const std::string entry = raw(key->span());
    const bool was_banned = rules_.lists().banned_pubkeys.contains(*key);
    switch (change_.action) {
      case AccessAction::ban_pubkey: {
        if (rules_.fixed().exempt.contains(*key))
          return failure(plan_.subject + " is the relay's own key, its operator's or an administrator's");
        put_with_reason(AccessList::banned_pubkey, entry);
        Filter by_them;
        by_them.authors = {*key};
        plan_.erased.push_back(std::move(by_them));
        break;
      }
      case AccessAction::unban_pubkey:
        if (!was_banned && rules_.fixed().denied_pubkeys.contains(*key))
          return failure(plan_.subject + " is listed in the settings, in ingest.deny_pubkeys");
        take(AccessList::banned_pubkey, entry);
        break;
      case AccessAction::allow_pubkey: {
        if (rules_.fixed().denied_pubkeys.contains(*key) && !rules_.fixed().exempt.contains(*key))
          return failure(plan_.subject + " is banned by the settings, in ingest.deny_pubkeys");
        const bool is_first = rules_.conditions().writers == Writers::anybody;
        take(AccessList::banned_pubkey, entry);
        if (!put_allowed(AccessList::allowed_pubkey, entry, was_banned, is_first))
          return failure("anybody may publish, " + plan_.subject +
                         " too; the first key on the allow list would keep all others from it: --only where that is "
                         "meant");
        break;
      }
      default: {
        const bool is_fixed = rules_.fixed().allowed_pubkeys.contains(*key);
        const bool was_allowed = rules_.lists().allowed_pubkeys.contains(*key);
        if (!was_allowed && is_fixed)
          return failure(plan_.subject + " is listed in the settings, in ingest.allow_pubkeys");
        take(AccessList::allowed_pubkey, entry);
        if (was_allowed && !is_fixed && !rules_.fixed().exempt.contains(*key)) take_roles(*key);
      }
    }
    return finish();
  }

  Planned of_event() {
    const auto id = parse_event_id(change_.subject);
    if (!id) return failure(why_no_event_id(change_.subject));
    plan_.subject = id->hex();
    const std::string entry = raw(id->span());
    switch (change_.action) {
      case AccessAction::ban_event: {
        take(AccessList::allowed_event, entry);
        put_with_reason(AccessList::banned_event, entry);
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
        put_with_reason(AccessList::allowed_event, entry);
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
    const bool was_banned = rules_.lists().denied_kinds.contains(kind);
    switch (change_.action) {
      case AccessAction::allow_kind:
        if (is_fixed(rules_.fixed().denied_kinds))
          return failure(plan_.subject + " is banned by the settings, in ingest.deny_kinds");
        take(AccessList::denied_kind, entry);
        if (!put_allowed(AccessList::allowed_kind, entry, was_banned, !rules_.conditions().listed_kinds))
          return failure("clients may publish any kind, " + plan_.subject +
                         " too; the first kind on the allow list would keep all others away: --only where that is "
                         "meant");
        break;
      case AccessAction::unallow_kind:
        if (!rules_.lists().allowed_kinds.contains(kind) && is_fixed(rules_.fixed().allowed_kinds))
          return failure(plan_.subject + " is listed in the settings, in ingest.allow_kinds");
        take(AccessList::allowed_kind, entry);
        break;
      case AccessAction::disallow_kind:
        take(AccessList::allowed_kind, entry);
        put_with_reason(AccessList::denied_kind, entry);
        break;
      default:
        if (!was_banned && is_fixed(rules_.fixed().denied_kinds))
          return failure(plan_.subject + " is listed in the settings, in ingest.deny_kinds");
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
      put_with_reason(AccessList::blocked, plan_.subject);
      return finish();
    }
    if (!rules_.lists().blocked.contains(*range)) {
      std::string around;
      for (const std::string& block : other_blocks(rules_.lists(), rules_.fixed(), *range).around)
        around += (around.empty() ? "" : ", ") + block;
      if (!around.empty()) return failure(plan_.subject + " has no ban of its own: it is banned by " + around);
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
    if (change_.action == AccessAction::change_icon && !change_.subject.empty() && !is_web_url(change_.subject))
      return failure(
          std::string("that is no address of an image: https://..., or http://..., which browsers do not show"));
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

Result<AccessPlan, std::string> plan(const AccessRules& rules, const AccessChange& change, UnixSeconds now) {
  return Planner(rules, change, now).run();
}

OtherBlocks other_blocks(const AccessLists& lists, const FixedAccess& fixed, const IpRange& block) {
  OtherBlocks out;
  const auto sort = [&out, &block](const IpRange& other, const std::string& text) {
    if (other.contains(block))
      out.around.push_back(text);
    else if (block.contains(other))
      out.within.push_back(text);
  };
  for (const auto& [blocked, reason] : lists.blocked) {
    if (blocked != block) sort(blocked, blocked.text());
  }
  for (const IpRange& denied : fixed.denied_addresses) sort(denied, denied.text() + " (in relay.deny_addresses)");
  return out;
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
