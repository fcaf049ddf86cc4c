// The fate of a submitted event, as counted and as told to its sender.
#pragma once

#include <string>
#include <string_view>

namespace pharos::ingest {

enum class Fate { stored, duplicate, replaced, ephemeral, rejected };

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
  policy,
  map_full,
  storage,
  overloaded,
};
std::string_view name(Reason reason);

struct Verdict {
  Fate fate = Fate::rejected;
  Reason reason = Reason::none;
  std::string detail;  // for people, without prefix
};

}  // namespace pharos::ingest
