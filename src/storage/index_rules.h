// What decides the index entries of an event besides the event: the same for all of a database while it is open.
#pragma once

#include <span>

#include "nostr/types.h"
#include "util/siphash.h"

namespace pharos::storage {

struct IndexRules {
  // Of the key alone: without search.
  IndexRules(const SipKey& key = {}, std::span<const Kind> kinds = {}) : hash_key(key), searched(kinds) {}

  SipKey hash_key;
  std::span<const Kind> searched;  // events of these kinds are indexed by word; sorted, the owner's
};

}  // namespace pharos::storage
