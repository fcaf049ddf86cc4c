#include "ingest/verdict.h"

#include "ingest/sink.h"

namespace pharos::ingest {

std::string_view name(Reason reason) {
  switch (reason) {
    case Reason::none:
      return "none";
    case Reason::invalid_event:
      return "invalid_event";
    case Reason::invalid_id:
      return "invalid_id";
    case Reason::invalid_signature:
      return "invalid_signature";
    case Reason::expired:
      return "expired";
    case Reason::deleted:
      return "deleted";
    case Reason::created_at_old:
      return "created_at_old";
    case Reason::created_at_future:
      return "created_at_future";
    case Reason::too_large:
      return "too_large";
    case Reason::too_many_tags:
      return "too_many_tags";
    case Reason::pow:
      return "pow";
    case Reason::auth_kind:
      return "auth_kind";
    case Reason::protected_event:
      return "protected_event";
    case Reason::vanish:
      return "vanish";
    case Reason::retention:
      return "retention";
    case Reason::banned:
      return "banned";
    case Reason::kind:
      return "kind";
    case Reason::not_allowed:
      return "not_allowed";
    case Reason::untrusted:
      return "untrusted";
    case Reason::auth_required:
      return "auth_required";
    case Reason::membership:
      return "membership";
    case Reason::policy:
      return "policy";
    case Reason::policy_failed:
      return "policy_failed";
    case Reason::map_full:
      return "map_full";
    case Reason::storage:
      return "storage";
    case Reason::rate_limited:
      return "rate_limited";
    case Reason::overloaded:
      return "overloaded";
  }
  return "none";
}

std::string come_again_in(Duration wait) {
  return "try again in " + std::to_string(std::chrono::ceil<std::chrono::seconds>(wait).count()) + " s";
}

std::string_view name(Source source) {
  switch (source) {
    case Source::client:
      return "client";
    case Source::router:
      return "router";
    case Source::import_:
      return "import";
    case Source::monitor:
      return "monitor";
  }
  return "client";
}

}  // namespace pharos::ingest
