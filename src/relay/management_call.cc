#include <algorithm>
#include <array>

#include "nostr/nip86.h"
#include "relay/management.h"

namespace pharos::relay {
namespace {

using ingest::AccessAction;
using Method = ManagementCall::Method;

struct Reading {
  std::string_view name;
  Method method;
};
constexpr std::array kReadings{
    Reading{"supportedmethods", Method::supported_methods},
    Reading{"listbannedpubkeys", Method::list_banned_pubkeys},
    Reading{"listallowedpubkeys", Method::list_allowed_pubkeys},
    Reading{"listeventsneedingmoderation", Method::list_events_needing_moderation},
    Reading{"listbannedevents", Method::list_banned_events},
    Reading{"listallowedkinds", Method::list_allowed_kinds},
    Reading{"listblockedips", Method::list_blocked_ips},
};

// Those that NIP-86 does not know.
bool is_the_operators(AccessAction action) {
  return action == AccessAction::unban_event || action == AccessAction::unallow_event ||
         action == AccessAction::unallow_kind || action == AccessAction::undisallow_kind;
}

// The parameters of a call, one after the other; the first failure is noted.
class Parameters {
 public:
  explicit Parameters(const std::vector<ManagementRequest::Parameter>& values) : values_(values) {}

  // A text, or a whole number as its digits. An optional one that is absent or null is "".
  std::string text(const char* what, bool needed) {
    const ManagementRequest::Parameter value = next();
    if (const auto* text = std::get_if<std::string>(&value)) return *text;
    if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
    if (std::holds_alternative<ManagementRequest::Other>(value))
      note(std::string(what) + " is neither a text nor a whole number");
    else if (needed)
      note(std::string(what) + " is missing");
    return {};
  }
  std::int64_t number(const char* what) {
    const ManagementRequest::Parameter value = next();
    if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
    if (!std::holds_alternative<ManagementRequest::Absent>(value)) note(std::string(what) + " is no whole number");
    return 0;
  }
  const std::string& failure() const { return failure_; }

 private:
  ManagementRequest::Parameter next() {
    return at_ < values_.size() ? values_[at_++] : ManagementRequest::Parameter(ManagementRequest::Absent{});
  }
  void note(std::string failure) {
    if (failure_.empty()) failure_ = std::move(failure);
  }

  const std::vector<ManagementRequest::Parameter>& values_;
  std::size_t at_ = 0;
  std::string failure_;
};

Result<ingest::AccessChange, std::string> read_change(AccessAction action, Parameters parameters) {
  ingest::AccessChange change;
  change.action = action;
  switch (action) {
    case AccessAction::create_role:
    case AccessAction::edit_role:
      change.subject = parameters.text("the role's id", true);
      change.role.label = parameters.text("the label", false);
      change.role.description = parameters.text("the description", false);
      change.role.color = parameters.text("the color", false);
      change.role.order = parameters.number("the order");
      break;
    case AccessAction::delete_role:
      change.subject = parameters.text("the role's id", true);
      break;
    case AccessAction::assign_role:
    case AccessAction::unassign_role:
      change.subject = parameters.text("the public key", true);
      change.role_id = parameters.text("the role's id", true);
      break;
    default:
      change.subject = parameters.text("the first parameter", true);
      change.reason = parameters.text("the reason", false);
  }
  if (!parameters.failure().empty()) return failure(parameters.failure());
  return change;
}

}  // namespace

Result<ManagementCall, std::string> parse_management_call(std::string_view body) {
  if (body.size() > kMaxManagementBody) return failure(std::string("the request is too large"));
  const auto request = parse_management_request(body);
  if (!request) return failure(std::string("the request is no JSON object"));
  if (!request->method) return failure(std::string("the request names no method"));
  if (request->has_bad_params) return failure(std::string("params is no array"));

  const std::string_view name = *request->method;
  if (const auto found = std::ranges::find(kReadings, name, &Reading::name); found != kReadings.end())
    return ManagementCall{found->method, {}};
  const auto action = ingest::access_action(name);
  if (!action || is_the_operators(*action)) return failure(std::string("unknown method, see supportedmethods"));
  PHAROS_TRY(auto change, read_change(*action, Parameters(request->params)));
  return ManagementCall{Method::change, std::move(change)};
}

std::vector<std::string_view> management_methods() {
  std::vector<std::string_view> names;
  for (const Reading& reading : kReadings) {
    if (reading.method != Method::supported_methods) names.push_back(reading.name);
  }
  for (std::size_t i = 0; i < ingest::kAccessActions; ++i) {
    const auto action = static_cast<AccessAction>(i);
    if (!is_the_operators(action) && !ingest::is_request(action)) names.push_back(ingest::name(action));
  }
  return names;
}

}  // namespace pharos::relay
