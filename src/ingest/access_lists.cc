#include "ingest/access_lists.h"

#include <algorithm>
#include <charconv>

#include "nostr/kind.h"

namespace pharos::ingest {
namespace {

Verdict refusal(Reason reason, std::string detail) { return {Fate::rejected, reason, std::move(detail)}; }

template <class Map, class Key>
void put(Map& map, Key&& key, const std::optional<std::string>& value) {
  if (value)
    map.insert_or_assign(std::forward<Key>(key), *value);
  else
    map.erase(key);
}

template <class Key>
bool put_bytes(ReasonByKey<Key>& map, const AccessEntry& entry) {
  const auto key = Key::from_bytes(as_bytes(entry.key));
  if (!key) return false;
  put(map, *key, entry.value);
  return true;
}

std::optional<Kind> read_kind(std::string_view key) {
  if (key.size() != 2) return std::nullopt;
  const auto bytes = as_bytes(key);
  return static_cast<Kind>(bytes[0] << 8U | bytes[1]);
}

bool put_kind(std::map<Kind, std::string>& map, const AccessEntry& entry) {
  const auto kind = read_kind(entry.key);
  if (kind) put(map, *kind, entry.value);
  return kind.has_value();
}

std::optional<std::int64_t> decode_decimal(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

std::optional<Role> decode_role(std::string_view text) {
  Role role;
  for (std::string* field : {&role.label, &role.description, &role.color}) {
    const std::size_t end = text.find('\0');
    if (end == std::string_view::npos) return std::nullopt;
    *field = text.substr(0, end);
    text.remove_prefix(end + 1);
  }
  const auto order = decode_decimal(text);
  if (!order) return std::nullopt;
  role.order = *order;
  return role;
}

template <class Map, class Key>
std::optional<std::string> find(const Map& map, const Key& key) {
  const auto found = map.find(key);
  return found == map.end() ? std::nullopt : std::optional<std::string>(found->second);
}

template <class Key>
std::optional<std::string> find_bytes(const ReasonByKey<Key>& map, std::string_view bytes) {
  const auto key = Key::from_bytes(as_bytes(bytes));
  return key ? find(map, *key) : std::nullopt;
}

std::optional<std::string> find_kind(const std::map<Kind, std::string>& map, std::string_view bytes) {
  const auto kind = read_kind(bytes);
  return kind ? find(map, *kind) : std::nullopt;
}

bool put_role(std::map<std::string, Role>& roles, const AccessEntry& entry) {
  if (!entry.value) {
    roles.erase(entry.key);
    return true;
  }
  auto role = decode_role(*entry.value);
  if (role) roles.insert_or_assign(entry.key, std::move(*role));
  return role.has_value();
}

std::optional<PublicKey> member_of(std::string_view key) {
  return PublicKey::from_bytes(as_bytes(key).first(std::min(key.size(), PublicKey::kSize)));
}

bool put_member(std::map<PublicKey, std::set<std::string>>& members, const AccessEntry& entry) {
  const auto key = member_of(entry.key);
  if (!key || entry.key.size() == PublicKey::kSize) return false;
  std::string role = entry.key.substr(PublicKey::kSize);
  if (entry.value) {
    members[*key].insert(std::move(role));
    return true;
  }
  const auto found = members.find(*key);
  if (found != members.end() && found->second.erase(role) > 0 && found->second.empty()) members.erase(found);
  return true;
}

bool put_spent(std::unordered_map<std::string, UnixSeconds>& spent, const AccessEntry& entry) {
  if (!entry.value) {
    spent.erase(entry.key);
    return true;
  }
  const auto expires = decode_decimal(*entry.value);
  if (expires) spent.insert_or_assign(entry.key, *expires);
  return expires.has_value();
}

bool is_in(const std::vector<KindRange>& ranges, Kind kind) {
  return std::ranges::any_of(ranges,
                             [kind](const KindRange& range) { return range.first <= kind && kind <= range.last; });
}

}  // namespace

std::string encode_role(const Role& role) {
  std::string out;
  for (const std::string* field : {&role.label, &role.description, &role.color}) {
    out += *field;
    out += '\0';
  }
  return out + std::to_string(role.order);
}

bool AccessLists::apply(const AccessEntry& entry) {
  switch (entry.list) {
    case AccessList::banned_pubkey:
      return put_bytes(banned_pubkeys, entry);
    case AccessList::allowed_pubkey:
      return put_bytes(allowed_pubkeys, entry);
    case AccessList::banned_event:
      return put_bytes(banned_events, entry);
    case AccessList::allowed_event:
      return put_bytes(allowed_events, entry);
    case AccessList::denied_kind:
      return put_kind(denied_kinds, entry);
    case AccessList::allowed_kind:
      return put_kind(allowed_kinds, entry);
    case AccessList::blocked: {
      const auto range = IpRange::parse(entry.key);
      if (range) put(blocked, *range, entry.value);
      return range.has_value();
    }
    case AccessList::role:
      return put_role(roles, entry);
    case AccessList::member:
      return put_member(members, entry);
    case AccessList::text:
      if (entry.key == "name")
        name = entry.value;
      else if (entry.key == "description")
        description = entry.value;
      else if (entry.key == "icon")
        icon = entry.value;
      else
        return false;
      return true;
    case AccessList::spent_invite:
      return put_spent(spent_invites, entry);
  }
  return false;
}

std::optional<std::string> AccessLists::value(AccessList list, std::string_view key) const {
  switch (list) {
    case AccessList::banned_pubkey:
      return find_bytes(banned_pubkeys, key);
    case AccessList::allowed_pubkey:
      return find_bytes(allowed_pubkeys, key);
    case AccessList::banned_event:
      return find_bytes(banned_events, key);
    case AccessList::allowed_event:
      return find_bytes(allowed_events, key);
    case AccessList::denied_kind:
      return find_kind(denied_kinds, key);
    case AccessList::allowed_kind:
      return find_kind(allowed_kinds, key);
    case AccessList::blocked: {
      const auto range = IpRange::parse(key);
      return range ? find(blocked, *range) : std::nullopt;
    }
    case AccessList::role: {
      const auto role = roles.find(std::string(key));
      return role == roles.end() ? std::nullopt : std::optional(encode_role(role->second));
    }
    case AccessList::member: {
      const auto who = member_of(key);
      const auto member = who ? members.find(*who) : members.end();
      const bool has_role =
          member != members.end() && member->second.contains(std::string(key.substr(PublicKey::kSize)));
      return has_role ? std::optional(std::string()) : std::nullopt;
    }
    case AccessList::text:
      return key == "name" ? name : key == "description" ? description : key == "icon" ? icon : std::nullopt;
    case AccessList::spent_invite: {
      const auto spent = spent_invites.find(std::string(key));
      return spent == spent_invites.end() ? std::nullopt : std::optional(std::to_string(spent->second));
    }
  }
  return std::nullopt;
}

std::size_t AccessLists::size(AccessList list) const {
  switch (list) {
    case AccessList::banned_pubkey:
      return banned_pubkeys.size();
    case AccessList::allowed_pubkey:
      return allowed_pubkeys.size();
    case AccessList::banned_event:
      return banned_events.size();
    case AccessList::allowed_event:
      return allowed_events.size();
    case AccessList::denied_kind:
      return denied_kinds.size();
    case AccessList::allowed_kind:
      return allowed_kinds.size();
    case AccessList::blocked:
      return blocked.size();
    case AccessList::role:
      return roles.size();
    case AccessList::member:
      return members.size();
    case AccessList::text:
      return std::size_t{name.has_value()} + std::size_t{description.has_value()} + std::size_t{icon.has_value()};
    case AccessList::spent_invite:
      return spent_invites.size();
  }
  return 0;
}

AccessRules::AccessRules(std::shared_ptr<const AccessLists> lists, std::shared_ptr<const FixedAccess> fixed,
                         std::uint64_t version, std::shared_ptr<const TrustedKeys> trusted)
    : lists_(std::move(lists)), fixed_(std::move(fixed)), version_(version), trusted_(std::move(trusted)) {
  refuses_nothing_ = lists_->banned_pubkeys.empty() && lists_->banned_events.empty() && lists_->denied_kinds.empty() &&
                     fixed_->denied_pubkeys.empty() && fixed_->denied_kinds.empty() && !conditions().restrict_writes();
}

bool AccessRules::bans(const PublicKey& key) const {
  return !fixed_->exempt.contains(key) &&
         (lists_->banned_pubkeys.contains(key) || fixed_->denied_pubkeys.contains(key));
}

bool AccessRules::denies(Kind kind) const {
  return lists_->denied_kinds.contains(kind) || is_in(fixed_->denied_kinds, kind);
}

Writers AccessRules::writers() const {
  if (fixed_->members_only != MembersOnly::off) return Writers::members;
  if (fixed_->trust) return Writers::trusted;
  return lists_->allowed_pubkeys.empty() && fixed_->allowed_pubkeys.empty() ? Writers::anybody : Writers::listed;
}

Conditions AccessRules::conditions() const {
  Conditions out;
  out.writers = writers();
  out.listed_kinds = !lists_->allowed_kinds.empty() || !fixed_->allowed_kinds.empty();
  out.members_read = fixed_->members_only == MembersOnly::read_write;
  out.auth_to_read = fixed_->auth_to_read || out.members_read;
  out.auth_to_write = fixed_->auth_to_write;
  return out;
}

bool AccessRules::is_member(const PublicKey& key) const {
  return fixed_->exempt.contains(key) || lists_->allowed_pubkeys.contains(key) || fixed_->allowed_pubkeys.contains(key);
}

bool AccessRules::may_invite(const PublicKey& key) const {
  if (!fixed_->takes_requests || fixed_->may_invite == MayInvite::nobody) return false;
  return fixed_->may_invite == MayInvite::members ? is_member(key) && !bans(key) : fixed_->exempt.contains(key);
}

Reading AccessRules::reading(const std::vector<PublicKey>& keys) const {
  const bool for_members = fixed_->members_only == MembersOnly::read_write;
  if (!for_members && !fixed_->auth_to_read) return Reading::open;
  if (keys.empty()) return Reading::auth_required;
  const auto may_read = [this](const PublicKey& key) { return is_member(key) && !bans(key); };
  return !for_members || std::ranges::any_of(keys, may_read) ? Reading::open : Reading::restricted;
}

std::optional<Verdict> AccessRules::refuse_author(const PublicKey& key) const {
  const Writers taken = writers();
  if (taken == Writers::anybody || is_member(key)) return std::nullopt;
  if (taken == Writers::members) return refusal(Reason::not_allowed, "only members may publish here");
  if (taken == Writers::listed) return refusal(Reason::not_allowed, "only listed authors may publish here");
  if (!trusted_ || trusts(key)) return std::nullopt;
  return refusal(Reason::untrusted, "not in the web of trust of this relay");
}

std::optional<Verdict> AccessRules::refuse(const Event& event, Source source, const Sender* sender) const {
  const bool is_request = is_membership_request(event.kind);
  if (is_request && (source != Source::client || !fixed_->takes_requests))
    return refusal(Reason::membership, "requests to join or to leave are not taken here");
  // Whoever made one may hand it on, not the relay to everybody.
  if (event.kind == kind::kInvite) return refusal(Reason::membership, "invite codes are made when they are asked for");
  if (refuses_nothing_) return std::nullopt;
  if (lists_->banned_events.contains(event.id)) return refusal(Reason::banned, "this event is banned here");
  if (lists_->allowed_events.contains(event.id)) return std::nullopt;
  if (bans(event.pubkey)) return refusal(Reason::banned, "this author is banned here");
  if (denies(event.kind))
    return refusal(Reason::kind, "events of kind " + std::to_string(event.kind) + " are not taken here");
  if (source != Source::client || event.kind == kind::kVanish || is_request) return std::nullopt;
  const bool is_open = std::ranges::find(fixed_->open_kinds, event.kind) != fixed_->open_kinds.end();
  if (!fixed_->exempt.contains(event.pubkey)) {
    if (auto refused = is_open ? std::nullopt : refuse_author(event.pubkey)) return refused;
    if (conditions().listed_kinds && !lists_->allowed_kinds.contains(event.kind) &&
        !is_in(fixed_->allowed_kinds, event.kind))
      return refusal(Reason::not_allowed, "only listed kinds may be published here");
  }
  const bool has_auth = sender != nullptr && sender->keys != nullptr && !sender->keys->empty();
  if (fixed_->auth_to_write && !is_open && !has_auth)
    return refusal(Reason::auth_required, "only authenticated users may publish here");
  return std::nullopt;
}

bool AccessRules::blocks(std::string_view endpoint) const {
  if (lists_->blocked.empty() && fixed_->denied_addresses.empty()) return false;
  const auto address = IpRange::of_endpoint(endpoint);
  if (!address) return false;
  if (std::ranges::any_of(fixed_->denied_addresses, [&](const IpRange& range) { return range.contains(*address); }))
    return true;
  if (lists_->blocked.empty()) return false;
  // A look-up for each length, whatever the number of blocks.
  for (unsigned length = address->full_length() + 1; length-- > 0;) {
    if (lists_->blocked.contains(address->widened(length))) return true;
  }
  return false;
}

}  // namespace pharos::ingest
