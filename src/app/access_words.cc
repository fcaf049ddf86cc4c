#include "app/access_words.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace pharos::app {
namespace {

using ingest::AccessAction;
using ingest::AccessLists;
using ingest::AccessRules;

// An entry of one list, before and after: its reason, nullopt where there is none.
struct Entry {
  std::optional<std::string> before;
  std::optional<std::string> after;

  bool came() const { return !before && after; }
  bool went() const { return before && !after; }
};

template <class Map, class Key>
Entry entry(const Map& before, const Map& after, const Key& key) {
  const auto reason = [&key](const Map& map) {
    const auto found = map.find(key);
    return found == map.end() ? std::nullopt : std::optional(found->second);
  };
  return {reason(before), reason(after)};
}

std::string now_or_already(const Entry& entry, const std::string& what, const char* state, const char* more) {
  if (entry.came()) return fmt::format("{} is {} now: {}", what, state, more);
  return fmt::format("{} is {} already; {}", what, state,
                     entry.before == entry.after ? "nothing has changed." : "its reason is the new one now.");
}

std::string banned(const Entry& ban, const std::string& what, const char* more) {
  return now_or_already(ban, what, "banned", more);
}

// What comes of it besides, of a key or an event that was banned before.
std::string rest_is_erased(const Entry& ban) {
  return ban.came() ? "" : " What may still be stored of it is being erased.";
}

std::string unbanned(const Entry& ban, const std::string& what) {
  return what + (ban.went() ? " is no longer banned." : " was not banned; nothing has changed.");
}

std::string allowed(const Entry& list, const Entry& ban, const std::string& what, const char* more) {
  if (ban.went() && !list.came()) return what + " is no longer banned, and on the allow list as before.";
  return now_or_already(list, what, "on the allow list", more) + (ban.went() ? " Its ban was lifted." : "");
}

// Of the first on an allow list where all others could publish until then.
std::string allowed_alone(const Entry& ban, const std::string& what, const char* others, const std::string& value) {
  return fmt::format(
      "{} is on the allow list now. It is the first on it: from now on {}; pharos deny {} takes it off.{}", what,
      others, value, ban.went() ? " Its ban was lifted." : "");
}

// Of a ban that was lifted where all others may publish; ingest::AccessAction tells why.
std::string lifted_alone(const std::string& what, const char* others) {
  return fmt::format(
      "{} is no longer banned. It is not on the allow list, which would keep all other {} away; pharos allow --only "
      "puts it there.",
      what, others);
}

std::string unallowed(const Entry& list, const std::string& what) {
  return what + (list.went() ? " is off the allow list." : " was not on the allow list; nothing has changed.") +
         " That is no ban: pharos ban makes one.";
}

// Whether the rules ask who writes for nothing but the list that an operator keeps.
bool only_the_list_asks(const AccessRules& rules) {
  const ingest::FixedAccess& fixed = rules.fixed();
  return fixed.allowed_pubkeys.empty() && fixed.members_only == ingest::MembersOnly::off && !fixed.trust;
}

std::string of_pubkey(AccessAction action, const std::string& subject, const AccessRules& rules,
                      const AccessLists& after) {
  const auto key = *PublicKey::from_hex(subject);
  const std::string what = "The public key " + subject;
  const Entry ban = entry(rules.lists().banned_pubkeys, after.banned_pubkeys, key);
  const Entry list = entry(rules.lists().allowed_pubkeys, after.allowed_pubkeys, key);
  switch (action) {
    case AccessAction::ban_pubkey:
      return banned(ban, what,
                    "nothing of it is taken any more, whoever brings it, and what is stored of it is being erased.") +
             rest_is_erased(ban) + (list.after ? " It is on the allow list too, where it does not help it." : "");
    case AccessAction::unban_pubkey:
      return unbanned(ban, what) + (rules.fixed().denied_pubkeys.contains(key)
                                        ? " The settings still ban it, in ingest.deny_pubkeys."
                                        : (list.after ? " It is on the allow list." : ""));
    case AccessAction::allow_pubkey:
      if (ban.went() && !list.after) return lifted_alone(what, "keys");
      if (list.came() && rules.conditions().writers == ingest::Writers::anybody)
        return allowed_alone(ban, what, "nobody else may publish", "pubkey " + subject);
      return allowed(list, ban, what,
                     rules.fixed().members_only == ingest::MembersOnly::read_write
                         ? "it may read and publish, as the others on the list."
                         : "it may publish, as the others on the list and those whom ingest.trust_roots lead to.");
    default:
      return unallowed(list, what) +
             (list.went() && rules.fixed().allowed_pubkeys.contains(key)
                  ? " The settings still allow it, in ingest.allow_pubkeys."
                  : "") +
             (list.went() && after.allowed_pubkeys.empty() && only_the_list_asks(rules)
                  ? " The list is empty now, so anybody may publish."
                  : "");
  }
}

std::string of_event(AccessAction action, const std::string& subject, const AccessRules& rules,
                     const AccessLists& after) {
  const auto id = *EventId::from_hex(subject);
  const std::string what = "The event " + subject;
  const Entry ban = entry(rules.lists().banned_events, after.banned_events, id);
  const Entry list = entry(rules.lists().allowed_events, after.allowed_events, id);
  switch (action) {
    case AccessAction::ban_event:
      return banned(ban, what, "it is not taken any more, and erased where it is stored.") + rest_is_erased(ban) +
             (list.went() ? " It is off the allow list." : "");
    case AccessAction::unban_event:
      return unbanned(ban, what);
    case AccessAction::allow_event:
      return allowed(list, ban, what, "it is taken whoever wrote it.");
    default:
      return unallowed(list, what);
  }
}

bool settings_ban(const AccessRules& rules, Kind kind) {
  return std::ranges::any_of(rules.fixed().denied_kinds, [kind](const ingest::KindRange& range) {
    return range.first <= kind && kind <= range.last;
  });
}

std::string of_kind(AccessAction action, const std::string& subject, const AccessRules& rules,
                    const AccessLists& after) {
  Kind kind = 0;
  std::from_chars(subject.data(), subject.data() + subject.size(), kind);
  const std::string what = "The kind " + subject;
  const Entry ban = entry(rules.lists().denied_kinds, after.denied_kinds, kind);
  const Entry list = entry(rules.lists().allowed_kinds, after.allowed_kinds, kind);
  const bool opened = list.went() && after.allowed_kinds.empty() && rules.fixed().allowed_kinds.empty();
  switch (action) {
    case AccessAction::disallow_kind:
      return banned(ban, what, "events of it are not taken any more, whoever brings them; what is stored stays.") +
             (list.went() ? " It is off the allow list." : "") +
             (opened ? " The list is empty now, so clients may publish any other kind." : "");
    case AccessAction::undisallow_kind:
      return unbanned(ban, what) +
             (settings_ban(rules, kind) ? " The settings still ban it, in ingest.deny_kinds." : "");
    case AccessAction::allow_kind:
      if (ban.went() && !list.after) return lifted_alone(what, "kinds");
      if (list.came() && !rules.conditions().listed_kinds)
        return allowed_alone(ban, what, "clients may publish no other kind", "kind " + subject);
      return allowed(list, ban, what, "clients may publish only the kinds on it.");
    default:
      return unallowed(list, what) + (opened ? " The list is empty now, so clients may publish any kind." : "");
  }
}

// So many that one can read them.
std::string some_of(const std::vector<std::string>& blocks) {
  constexpr std::size_t kShown = 10;
  const auto end = blocks.begin() + static_cast<std::ptrdiff_t>(std::min(blocks.size(), kShown));
  const std::string shown = fmt::format("{}", fmt::join(blocks.begin(), end, ", "));
  return blocks.size() <= kShown ? shown : fmt::format("{} and {} more", shown, blocks.size() - kShown);
}

std::string of_address(AccessAction action, const std::string& subject, const AccessRules& rules,
                       const AccessLists& after) {
  const auto block = *IpRange::parse(subject);
  const std::string what = (block.length() == block.full_length() ? "The address " : "The address block ") + subject;
  const Entry ban = entry(rules.lists().blocked, after.blocked, block);
  const auto [around, within] = ingest::other_blocks(after, rules.fixed(), block);
  if (action == AccessAction::block_address) {
    return banned(ban, what, "connections from it are ended, and new ones refused.") +
           (around.empty() ? "" : fmt::format(" It is banned by {} as well.", some_of(around)));
  }
  if (!around.empty())
    return fmt::format("{} has no ban of its own any more, but is still banned by {}.", what, some_of(around));
  return unbanned(ban, what) + (within.empty() ? "" : fmt::format(" Still banned in it: {}.", some_of(within)));
}

}  // namespace

std::string told(AccessAction action, const std::string& subject, const AccessRules& before, const AccessLists& after) {
  switch (action) {
    case AccessAction::ban_pubkey:
    case AccessAction::unban_pubkey:
    case AccessAction::allow_pubkey:
    case AccessAction::unallow_pubkey:
      return of_pubkey(action, subject, before, after);
    case AccessAction::ban_event:
    case AccessAction::unban_event:
    case AccessAction::allow_event:
    case AccessAction::unallow_event:
      return of_event(action, subject, before, after);
    case AccessAction::allow_kind:
    case AccessAction::unallow_kind:
    case AccessAction::disallow_kind:
    case AccessAction::undisallow_kind:
      return of_kind(action, subject, before, after);
    case AccessAction::block_address:
    case AccessAction::unblock_address:
      return of_address(action, subject, before, after);
    default:
      return fmt::format("done: {} {}", title(action), subject);
  }
}

}  // namespace pharos::app
