#include "relay/access.h"

#include <algorithm>

#include "nostr/event_json.h"
#include "nostr/kind.h"

namespace pharos::relay {
namespace {

constexpr Kind kRepost = 6;
constexpr Kind kGenericRepost = 16;
// Reposts of reposts: deeper nesting than anybody writes is not followed, the size of the event bounds the work.
constexpr int kMaxRepostDepth = 4;

bool holds(const KeyList& keys, const PublicKey& key) { return std::find(keys.begin(), keys.end(), key) != keys.end(); }

bool names_one_of(const std::vector<std::string>& values, const KeyList& keys) {
  return std::any_of(keys.begin(), keys.end(), [&](const PublicKey& key) {
    return std::find(values.begin(), values.end(), key.hex()) != values.end();
  });
}

// True when no event that the filter asks for can have one of the keys as its author or recipient.
bool is_wholly_of_others(const Filter& filter, const KeyList& keys) {
  const auto recipients = std::find_if(filter.tags.begin(), filter.tags.end(),
                                       [](const TagCondition& condition) { return condition.name == 'p'; });
  const bool may_be_theirs = recipients == filter.tags.end() || names_one_of(recipients->values, keys);
  const bool may_be_by_them = !filter.authors || std::any_of(filter.authors->begin(), filter.authors->end(),
                                                             [&](const PublicKey& key) { return holds(keys, key); });
  return std::all_of(filter.kinds->begin(), filter.kinds->end(), [&](Kind kind) {
    if (is_draft(kind)) return !may_be_by_them;
    // A wrap is signed by a key of its own (NIP-59), so its author is never the one who asks.
    const bool is_signed_by_them = may_be_by_them && (filter.authors || kind == kind::kEncryptedMessage);
    return !may_be_theirs && !is_signed_by_them;
  });
}

WriteAccess access_of_author(const PublicKey& author, const KeyList& keys) {
  if (holds(keys, author)) return WriteAccess::open;
  return keys.empty() ? WriteAccess::auth_required : WriteAccess::restricted;
}

}  // namespace

bool is_gated(Kind kind) {
  return kind == kind::kEncryptedMessage || kind == kind::kGiftWrap || kind == kind::kEphemeralGiftWrap;
}

bool is_draft(Kind kind) {
  return kind == kind::kDraftCheckpoint || kind == kind::kPrivateRelays || kind == kind::kDraft;
}

Gates gates_of(const Options& options) { return {options.gate_private_messages, options.gate_drafts}; }

bool may_read(const Event& event, const KeyList& keys) {
  if (keys.empty()) return false;
  if (holds(keys, event.pubkey)) return true;
  if (is_draft(event.kind)) return false;
  for (const TagView tag : event.tags) {
    if (tag.name() != "p") continue;
    const auto recipient = PublicKey::from_hex(tag.value());
    if (recipient && holds(keys, *recipient)) return true;
  }
  return false;
}

ReadAccess read_access(const std::vector<Filter>& filters, const KeyList& keys, const Gates& gates) {
  const auto asks_gated_only = [&gates](const Filter& filter) {
    return filter.kinds && !filter.kinds->empty() &&
           std::all_of(filter.kinds->begin(), filter.kinds->end(), [&](Kind kind) { return gates.covers(kind); });
  };
  if (!std::all_of(filters.begin(), filters.end(), asks_gated_only)) return ReadAccess::open;
  if (keys.empty()) return ReadAccess::auth_required;
  const bool hopeless = std::all_of(filters.begin(), filters.end(),
                                    [&](const Filter& filter) { return is_wholly_of_others(filter, keys); });
  return hopeless ? ReadAccess::restricted : ReadAccess::open;
}

WriteAccess write_access(const Event& event, const KeyList& keys) {
  if (is_protected(event)) return access_of_author(event.pubkey, keys);
  if (event.kind != kRepost && event.kind != kGenericRepost) return WriteAccess::open;
  std::string content = event.content;
  for (int depth = 0; depth < kMaxRepostDepth && !content.empty(); ++depth) {
    Event embedded;
    if (!parse_event(content, embedded)) return WriteAccess::open;
    if (is_protected(embedded)) {
      // The author of a protected event may repost it, nobody else.
      if (embedded.pubkey != event.pubkey) return WriteAccess::restricted;
      return access_of_author(event.pubkey, keys);
    }
    if (embedded.kind != kRepost && embedded.kind != kGenericRepost) return WriteAccess::open;
    content = std::move(embedded.content);
  }
  return WriteAccess::open;
}

}  // namespace pharos::relay
