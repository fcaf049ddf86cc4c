#include "app/access_words.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace pharos::app {
namespace {

using ingest::AccessAction;
using ingest::AccessRules;

std::string now_or_already(bool was, const std::string& what, const std::string& state, const std::string& more) {
  return was ? what + " is " + state + " already; only the reason may be new."
             : what + " is " + state + " now: " + more;
}

std::string no_longer_or_never(bool was, const std::string& what, const std::string& state,
                               const std::string& not_state) {
  return was ? what + " is " + state + "." : what + " " + not_state + "; nothing has changed.";
}

std::string unbanned(bool was, const std::string& what) {
  return no_longer_or_never(was, what, "no longer banned", "was not banned");
}

std::string unallowed(bool was, const std::string& what) {
  return no_longer_or_never(was, what, "off the allow list", "was not on the allow list") +
         " That is no ban: pharos ban makes one.";
}

// Whether the rules ask who writes for nothing but the list that an operator keeps.
bool only_the_list_asks(const AccessRules& rules) {
  const ingest::FixedAccess& fixed = rules.fixed();
  return fixed.allowed_pubkeys.empty() && fixed.members_only == ingest::MembersOnly::off && !fixed.trust;
}

std::string of_pubkey(AccessAction action, const std::string& subject, const AccessRules& before) {
  const auto key = *PublicKey::from_hex(subject);
  const std::string what = "The public key " + subject;
  const bool was_allowed = before.lists().allowed_pubkeys.contains(key);
  switch (action) {
    case AccessAction::ban_pubkey:
      return now_or_already(before.lists().banned_pubkeys.contains(key), what, "banned",
                            "nothing of it is taken any more, whoever brings it, and what is stored of it is being "
                            "erased.") +
             (was_allowed ? " It is on the allow list too, where it does not help it." : "");
    case AccessAction::unban_pubkey:
      return unbanned(before.lists().banned_pubkeys.contains(key), what);
    case AccessAction::allow_pubkey:
      return now_or_already(was_allowed, what, "on the allow list",
                            "it may publish; who is not on the list may where the settings say so.") +
             (before.bans(key) ? " But it is banned, and nothing of it is taken: pharos unban pubkey lifts that." : "");
    default:
      return unallowed(was_allowed, what) +
             (was_allowed && before.lists().allowed_pubkeys.size() == 1 && only_the_list_asks(before)
                  ? " The list is empty now, so anybody may publish."
                  : "");
  }
}

std::string of_event(AccessAction action, const std::string& subject, const AccessRules& before) {
  const auto id = *EventId::from_hex(subject);
  const std::string what = "The event " + subject;
  const bool was_banned = before.lists().banned_events.contains(id);
  const bool was_allowed = before.lists().allowed_events.contains(id);
  switch (action) {
    case AccessAction::ban_event:
      return now_or_already(was_banned, what, "banned", "it is not taken any more, and erased where it is stored.") +
             (was_allowed ? " It is off the allow list." : "");
    case AccessAction::unban_event:
      return unbanned(was_banned, what);
    case AccessAction::allow_event:
      return now_or_already(was_allowed, what, "on the allow list", "it is taken whoever wrote it.") +
             (was_banned ? " It is no longer banned." : "");
    default:
      return unallowed(was_allowed, what);
  }
}

std::string of_kind(AccessAction action, const std::string& subject, const AccessRules& before) {
  Kind kind = 0;
  std::from_chars(subject.data(), subject.data() + subject.size(), kind);
  const std::string what = "The kind " + subject;
  const bool was_banned = before.lists().denied_kinds.contains(kind);
  const bool was_allowed = before.lists().allowed_kinds.contains(kind);
  const bool all_may_come = before.lists().allowed_kinds.empty() && before.fixed().allowed_kinds.empty();
  switch (action) {
    case AccessAction::disallow_kind:
      return now_or_already(was_banned, what, "banned",
                            "events of it are not taken any more, whoever brings them; what is stored stays.") +
             (was_allowed ? " It is off the allow list." : "");
    case AccessAction::undisallow_kind:
      return unbanned(was_banned, what);
    case AccessAction::allow_kind:
      if (was_banned && all_may_come)
        return what + " is no longer banned. It is not on the allow list, which would keep all other kinds away.";
      return now_or_already(was_allowed, what, "on the allow list", "clients may publish only the kinds on it.") +
             (was_banned ? " It is no longer banned." : "");
    default:
      return unallowed(was_allowed, what) +
             (was_allowed && before.lists().allowed_kinds.size() == 1 && before.fixed().allowed_kinds.empty()
                  ? " The list is empty now, so clients may publish any kind."
                  : "");
  }
}

std::string of_address(AccessAction action, const std::string& subject, const AccessRules& before) {
  const auto block = *IpRange::parse(subject);
  const std::string what = (block.length() == block.full_length() ? "The address " : "The address block ") + subject;
  const bool was_banned = before.lists().blocked.contains(block);
  if (action == AccessAction::unblock_address) return unbanned(was_banned, what);
  return now_or_already(was_banned, what, "banned", "connections from it are ended, and new ones refused.");
}

}  // namespace

std::string told(AccessAction action, const std::string& subject, const AccessRules& before) {
  switch (action) {
    case AccessAction::ban_pubkey:
    case AccessAction::unban_pubkey:
    case AccessAction::allow_pubkey:
    case AccessAction::unallow_pubkey:
      return of_pubkey(action, subject, before);
    case AccessAction::ban_event:
    case AccessAction::unban_event:
    case AccessAction::allow_event:
    case AccessAction::unallow_event:
      return of_event(action, subject, before);
    case AccessAction::allow_kind:
    case AccessAction::unallow_kind:
    case AccessAction::disallow_kind:
    case AccessAction::undisallow_kind:
      return of_kind(action, subject, before);
    case AccessAction::block_address:
    case AccessAction::unblock_address:
      return of_address(action, subject, before);
    default:
      return "done: " + std::string(name(action)) + " " + subject;
  }
}

}  // namespace pharos::app
