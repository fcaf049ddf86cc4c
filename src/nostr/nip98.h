// Authorization of HTTP requests by an event (NIP-98): reading the header, and the rules for the event. Pure; any
// thread. Whoever asks checks id and signature (verify_event), and that an event which changes something comes once.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "nostr/event.h"
#include "util/result.h"

namespace pharos {

inline constexpr UnixSeconds kHttpAuthWindowSeconds = 60;
inline constexpr std::size_t kMaxHttpAuthBytes = 8 * 1024;  // of the header

enum class HttpAuthFault {
  none,
  missing,    // no header
  malformed,  // another scheme, too long, no base64, no event
  wrong_kind,
  wrong_time,
  wrong_url,
  wrong_method,
  wrong_payload,
};
std::string_view describe(HttpAuthFault fault);  // "" for none

// "Nostr <base64 of the event>": the scheme in any case, white space after it, base64 of either alphabet, padded or
// not.
Result<Event, HttpAuthFault> parse_http_auth(std::string_view header);

struct HttpAuthRequest {
  std::span<const std::string> urls;  // by which the request may be named
  std::string_view method;
  std::string_view body;
};
// Kind 27235, created_at within a minute of now, u one of the URLs, method that of the request, and payload the SHA-256
// of the body, which NIP-86 demands.
HttpAuthFault check_http_auth(const Event& event, const HttpAuthRequest& request, UnixSeconds now);

// Whether two URLs are one: http and ws are the same and so are https and wss, since relays are named by either; host
// and path as RelayUrl has them, so that a missing slash of the root makes no difference. False for what is no URL.
bool is_same_http_url(std::string_view one, std::string_view other);

}  // namespace pharos
