// The input is the Authorization header up to the first line feed and the body of a management request after it: an
// event that is read names its body alone, and a change that is read is planned without a trap.

#include <cstddef>
#include <cstdint>

#include "ingest/access_change.h"
#include "nostr/nip98.h"
#include "relay/management.h"
#include "util/check.h"

namespace {

constexpr pharos::UnixSeconds kNow = 1'700'000'000;

void check_header(std::string_view header, std::string_view body) {
  const auto event = pharos::parse_http_auth(header);
  if (!event) {
    PHAROS_FATAL_CHECK(!pharos::describe(event.error()).empty());
    return;
  }
  const std::string urls[] = {"wss://relay.example.com/"};
  if (pharos::check_http_auth(event.value(), {urls, "POST", body}, kNow) != pharos::HttpAuthFault::none) return;
  const std::string other = std::string(body) + "x";
  PHAROS_FATAL_CHECK(pharos::check_http_auth(event.value(), {urls, "POST", other}, kNow) ==
                     pharos::HttpAuthFault::wrong_payload);
}

void check_call(std::string_view body) {
  using pharos::relay::ManagementCall;
  const auto call = pharos::relay::parse_management_call(body);
  if (!call) {
    PHAROS_FATAL_CHECK(!call.error().empty());
    return;
  }
  if (call.value().method != ManagementCall::Method::change) return;
  const pharos::ingest::AccessRules rules;
  const auto planned = plan(rules, call.value().change, kNow);
  if (!planned) return;
  pharos::ingest::AccessLists lists;
  for (const auto& entry : planned.value().entries) PHAROS_FATAL_CHECK(lists.apply(entry));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(input.find('\n'), size);
  const std::string_view body = input.substr(std::min(line + 1, size));
  check_header(input.substr(0, line), body);
  check_call(body);
  return 0;
}
