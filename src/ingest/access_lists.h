// Who may publish what, from where, and what the relay calls itself: the lists that operators keep while it runs
// (NIP-86), beside those of the settings. Values that are never changed once they are shared; any thread.
//
// What lies on disk and what is changed is the same flat thing, an entry of a list: its key and its value, by which
// AccessLists::apply() makes the lists.
//
//   list            key                       value
//   banned_pubkey   public key, 32 bytes      reason
//   allowed_pubkey  public key                reason
//   banned_event    id, 32 bytes              reason
//   allowed_event   id                        reason
//   denied_kind     kind, 2 bytes big endian  reason
//   allowed_kind    kind                      reason
//   blocked         IpRange::text()           reason
//   role            id                        label NUL description NUL color NUL order, in decimal
//   member          public key, role's id     -
//   text            a name of Texts           what the relay tells instead of its setting
//   spent_invite    number of an invite code  when the code expires, decimal unix seconds
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "ingest/sink.h"
#include "ingest/trusted_keys.h"
#include "ingest/verdict.h"
#include "nostr/event.h"
#include "util/clock.h"
#include "util/ip_range.h"

namespace pharos::ingest {

// The numbers are persisted.
enum class AccessList : std::uint8_t {
  banned_pubkey = 1,
  allowed_pubkey = 2,
  banned_event = 3,
  allowed_event = 4,
  denied_kind = 5,
  allowed_kind = 6,
  blocked = 7,
  role = 8,
  member = 9,
  text = 10,
  spent_invite = 11,
};

struct AccessEntry {
  AccessList list{};
  std::string key;
  std::optional<std::string> value;  // nullopt takes the entry off

  friend bool operator==(const AccessEntry&, const AccessEntry&) = default;
};

struct Role {
  std::string label;
  std::string description;
  std::string color;
  std::int64_t order = 0;

  friend bool operator==(const Role&, const Role&) = default;
};
std::string encode_role(const Role& role);

template <class Key>
using ReasonByKey = std::unordered_map<Key, std::string, FixedBytesHash>;

struct AccessLists {
  ReasonByKey<PublicKey> banned_pubkeys;
  ReasonByKey<PublicKey> allowed_pubkeys;  // when there are any, only they may publish here
  ReasonByKey<EventId> banned_events;
  ReasonByKey<EventId> allowed_events;  // taken whoever wrote them and whatever their kind
  std::map<Kind, std::string> denied_kinds;
  std::map<Kind, std::string> allowed_kinds;  // when there are any, only they may be published here
  std::map<IpRange, std::string> blocked;
  std::map<std::string, Role> roles;
  std::map<PublicKey, std::set<std::string>> members;  // ids of roles; no empty sets
  // Codes that let one in and let in nobody else (NIP-43), by their numbers: when they expire.
  std::unordered_map<std::string, UnixSeconds> spent_invites;
  // NIP-11 in place of the settings.
  std::optional<std::string> name;
  std::optional<std::string> description;
  std::optional<std::string> icon;

  // False for an entry that is none, which changes nothing.
  bool apply(const AccessEntry& entry);
  // What apply() was last given for that key; nullopt where there is no such entry.
  std::optional<std::string> value(AccessList list, std::string_view key) const;
  // Entries of a list, for its cap.
  std::size_t size(AccessList list) const;
};

struct KindRange {
  Kind first = 0;
  Kind last = 0;
};

// Members are the keys of the allow lists and those who are never locked out (NIP-43).
enum class MembersOnly : std::uint8_t { off, write, read_write };

// Who gets invite codes (NIP-43); administrators are the exempt.
enum class MayInvite : std::uint8_t { nobody, admins, members };

// What the settings say; not persisted.
struct FixedAccess {
  std::unordered_set<PublicKey, FixedBytesHash> denied_pubkeys;
  std::unordered_set<PublicKey, FixedBytesHash> allowed_pubkeys;
  std::vector<KindRange> denied_kinds;
  std::vector<KindRange> allowed_kinds;
  std::vector<IpRange> denied_addresses;
  // Of those through whom others come (loopback, trusted proxies): no block that is made while the relay runs meets
  // them.
  std::vector<IpRange> spared_addresses;
  // The relay itself, its operator and the administrators: no list of keys and no allow list locks them out.
  std::unordered_set<PublicKey, FixedBytesHash> exempt;
  // Clients read, or publish, once they have authenticated as anybody (NIP-42). Not as the author: a gift wrap has a
  // key of its own, and NIP-70 lets each event ask for more.
  bool auth_to_read = false;
  bool auth_to_write = false;
  MembersOnly members_only = MembersOnly::off;
  std::vector<Kind> open_kinds;  // taken from anyone where authors are asked for
  bool trust = false;            // or the web of trust, once it is built
  bool takes_requests = false;   // to join and to leave (NIP-43)
  MayInvite may_invite = MayInvite::members;
};

enum class Reading : std::uint8_t { open, auth_required, restricted };

// Whose events are taken, open kinds and requests to vanish aside.
enum class Writers : std::uint8_t { anybody, listed, trusted, members };

// What is asked of all clients, for those who want to know it before they try.
struct Conditions {
  Writers writers = Writers::anybody;
  bool listed_kinds = false;  // no others are taken
  bool members_read = false;  // and nobody else
  bool auth_to_read = false;
  bool auth_to_write = false;

  // Not everybody may publish everything.
  bool restrict_writes() const { return writers != Writers::anybody || listed_kinds || auth_to_write; }
  // Whoever has not authenticated gets nowhere, open kinds and requests to vanish aside (NIP-11 `auth_required`).
  bool ask_everybody_for_auth() const { return auth_to_read && auth_to_write; }

  friend bool operator==(const Conditions&, const Conditions&) = default;
};

// Both together, as the relay applies them.
class AccessRules {
 public:
  AccessRules() : AccessRules(std::make_shared<AccessLists>(), std::make_shared<FixedAccess>(), 0) {}
  // version tells one set of rules from another of the same process.
  AccessRules(std::shared_ptr<const AccessLists> lists, std::shared_ptr<const FixedAccess> fixed, std::uint64_t version,
              std::shared_ptr<const TrustedKeys> trusted = nullptr);

  // Bans of events and keys and denied kinds hold for every source, so that a mirror or an import does not bring them
  // back; who has authenticated and the allow lists hold for clients alone, save their requests to vanish (NIP-62). In
  // this order: a banned event, an allowed event (goes on), a banned key, a denied kind, the author, the kind, AUTH,
  // which is asked for where it helps.
  // sender: of a client; nullptr has authenticated as nobody.
  std::optional<Verdict> refuse(const Event& event, Source source, const Sender* sender = nullptr) const;
  // Whether whoever has authenticated as these keys may read anything at all.
  Reading reading(const std::vector<PublicKey>& keys) const;
  // On the lists, those who are never locked out aside.
  bool bans(const PublicKey& key) const;
  // One of the allow lists, or never locked out.
  bool is_member(const PublicKey& key) const;
  // Gets codes that let others in.
  bool may_invite(const PublicKey& key) const;
  // Somebody about whom the operator has said something good.
  bool is_known(const PublicKey& key) const { return is_member(key) || trusts(key); }
  // Of "192.0.2.1:4711"; what is no address is not blocked.
  bool blocks(std::string_view endpoint) const;
  Conditions conditions() const;

  const AccessLists& lists() const { return *lists_; }
  const FixedAccess& fixed() const { return *fixed_; }
  const std::shared_ptr<const AccessLists>& shared_lists() const { return lists_; }
  const std::shared_ptr<const TrustedKeys>& shared_trusted() const { return trusted_; }
  const std::shared_ptr<const FixedAccess>& shared_fixed() const { return fixed_; }
  std::uint64_t version() const { return version_; }

 private:
  bool denies(Kind kind) const;
  std::optional<Verdict> refuse_author(const PublicKey& key) const;
  Writers writers() const;
  bool trusts(const PublicKey& key) const { return trusted_ != nullptr && trusted_->contains(key); }

  std::shared_ptr<const AccessLists> lists_;
  std::shared_ptr<const FixedAccess> fixed_;
  std::uint64_t version_;
  std::shared_ptr<const TrustedKeys> trusted_;  // nullptr before the first is built
  bool refuses_nothing_;
};

}  // namespace pharos::ingest
