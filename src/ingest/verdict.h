// The fate of a submitted event, as counted and as told to its sender.
#pragma once

#include <string>
#include <string_view>

#include "util/clock.h"

namespace pharos::ingest {

enum class Fate {
  stored,
  duplicate,
  replaced,
  ephemeral,
  rejected,
  shadowed,  // counted as rejected, told as stored
};

// The `reason` label of events_rejected_total; closed set.
enum class Reason {
  none,
  invalid_event,  // shape
  invalid_id,
  invalid_signature,
  expired,
  deleted,  // forbidden by a deletion request
  created_at_old,
  created_at_future,
  too_large,
  too_many_tags,
  pow,
  auth_kind,  // kind 22242 by EVENT
  protected_event,
  vanish,         // a request to vanish (NIP-62) that is not for us
  retention,      // a rule would erase it at once
  banned,         // the event or its author
  kind,           // not taken here
  not_allowed,    // an allow list, or the list of members, names others
  untrusted,      // its author is not in the web of trust
  auth_required,  // by a connection that nobody authenticated
  membership,     // a request to join or to leave (NIP-43) that comes to nothing
  policy,
  policy_failed,  // whoever was to decide did not
  map_full,
  storage,
  rate_limited,  // its connection, address or author is too fast
  overloaded,
};
std::string_view name(Reason reason);

// "try again in 3 s", rounded up.
std::string come_again_in(Duration wait);

struct Verdict {
  Fate fate = Fate::rejected;
  Reason reason = Reason::none;
  std::string detail;  // for people, without prefix; of policy and of ephemeral it may have one
};

}  // namespace pharos::ingest
