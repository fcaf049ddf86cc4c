// Who may read which kinds (NIP-04, 17, 37, 59) and who may publish what (NIP-70). Pure; any thread.
#pragma once

#include <vector>

#include "nostr/event.h"
#include "nostr/filter.h"
#include "relay/auth.h"
#include "relay/options.h"

namespace pharos::relay {

// Kinds 4, 1059 and 21059: for their author and the p-tagged alone.
bool is_gated(Kind kind);

// Kinds 1234, 10013 and 31234 (NIP-37): for their author alone.
bool is_draft(Kind kind);

// What is kept from others.
struct Gates {
  bool private_messages = true;
  bool drafts = false;

  explicit operator bool() const { return private_messages || drafts; }
  bool covers(Kind kind) const { return (private_messages && is_gated(kind)) || (drafts && is_draft(kind)); }
};
Gates gates_of(const Options& options);

// True when one of the keys is the author of the event or, but for drafts, named in a p tag of it. For kinds that a
// gate covers.
bool may_read(const Event& event, const KeyList& keys);

enum class ReadAccess {
  open,           // some filter asks for more than gated kinds; gated events in between are left out
  auth_required,  // gated kinds only, and nobody is authenticated
  restricted,     // gated kinds only, and wholly of other people
};
ReadAccess read_access(const std::vector<Filter>& filters, const KeyList& keys, const Gates& gates = {});

enum class WriteAccess {
  open,
  auth_required,  // protected, and nobody is authenticated
  restricted,     // protected, and others are
};
// NIP-70: an event with a "-" tag is taken from its authenticated author only, and a repost (kind 6 or 16) that embeds
// a protected event from nobody else than the author of both.
WriteAccess write_access(const Event& event, const KeyList& keys);

}  // namespace pharos::relay
