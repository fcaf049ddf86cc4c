#include "storage/tombstones.h"

#include "nostr/kind.h"
#include "util/bytes.h"

namespace pharos::storage {
namespace {

template <class Visit>
bool any_wrap_recipient(const Event& event, const Visit& visit) {
  if (event.kind != kind::kGiftWrap) return false;
  std::size_t recipients = 0;
  for (const TagView tag : event.tags) {
    if (tag.name() != "p" || tag.size() < 2) continue;
    if (++recipients > kMaxWrapRecipients) break;
    const std::optional<PublicKey> recipient = PublicKey::from_hex(tag.value());
    if (recipient && visit(*recipient)) return true;
  }
  return false;
}

}  // namespace

bool is_undeletable(Kind kind) { return kind == kind::kDeletion || kind == kind::kVanish; }

DeletionTargets deletion_targets(const Event& request) {
  DeletionTargets targets;
  for (const TagView tag : request.tags) {
    if (tag.size() < 2) continue;
    if (tag[0] == "e") {
      if (const std::optional<EventId> id = EventId::from_hex(tag[1])) targets.ids.push_back(*id);
    } else if (tag[0] == "a") {
      std::optional<Address> address = parse_address(tag[1]);
      if (!address || address->pubkey != request.pubkey || !has_address(address->kind)) continue;
      if (classify(address->kind) == KindClass::replaceable && !address->identifier.empty()) continue;
      targets.addresses.push_back(std::move(*address));
    }
  }
  return targets;
}

bool may_delete(const RecordView& record, const PublicKey& who) {
  if (record.pubkey() == who) return true;
  if (record.kind() != kind::kGiftWrap) return false;
  const std::string recipient = who.hex();
  std::string scratch;
  PackedItem item;
  std::size_t recipients = 0;
  for (PackedTagReader tags = record.tags(); tags.next_tag() && recipients < kMaxWrapRecipients;) {
    if (!tags.next_item(item) || !item.is('p') || !tags.next_item(item)) continue;
    ++recipients;
    if (item.text(scratch) == recipient) return true;
  }
  return false;
}

bool is_forbidden(const Event& event, const SipKey& hash_key, const TombstoneLookup& lookup) {
  if (is_undeletable(event.kind)) return false;
  if (lookup(deleted_id_key(event.id, event.pubkey))) return true;
  const auto asked_by = [&](const PublicKey& who) { return lookup(deleted_id_key(event.id, who)).has_value(); };
  if (any_wrap_recipient(event, asked_by)) return true;
  if (!has_address(event.kind)) return false;
  const auto held = lookup(deleted_address_key(hash_key, event.pubkey, event.kind, identifier(event)));
  const std::optional<UnixSeconds> cutoff = held ? decode_cutoff(*held) : std::nullopt;
  return cutoff && event.created_at <= *cutoff;
}

bool is_vanished(const Event& event, const TombstoneLookup& lookup) {
  const auto vanished = [&](const PublicKey& who) {
    const auto held = lookup(vanished_key(who));
    const std::optional<UnixSeconds> until = held ? decode_cutoff(*held) : std::nullopt;
    return until && event.created_at <= *until;
  };
  return vanished(event.pubkey) || any_wrap_recipient(event, vanished);
}

std::optional<Vanished> decode_vanished(std::string_view key, std::string_view value) {
  const std::optional<UnixSeconds> until = decode_cutoff(value);
  if (!until || !key.starts_with('v')) return std::nullopt;
  const auto who = PublicKey::from_bytes(as_bytes(key.substr(1)));
  return who ? std::optional<Vanished>({*who, *until}) : std::nullopt;
}

bool is_tombstone(std::string_view key, std::string_view value) {
  if (!decode_cutoff(value)) return false;
  if (key.starts_with('v')) return key.size() == 1 + PublicKey::kSize;
  if (key.starts_with('e')) return key.size() == 1 + EventId::kSize + PublicKey::kSize;
  return key.starts_with('a') && key.size() == 1 + PublicKey::kSize + 2 + 8;
}

SmallValue encode_cutoff(UnixSeconds cutoff) {
  SmallValue value;
  value.add_number(static_cast<std::uint64_t>(cutoff), 8);
  return value;
}

std::optional<UnixSeconds> decode_cutoff(std::string_view value) {
  if (value.size() != 8) return std::nullopt;
  return static_cast<UnixSeconds>(get_big_endian(as_bytes(value)));
}

}  // namespace pharos::storage
