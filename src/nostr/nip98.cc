#include "nostr/nip98.h"

#include <algorithm>
#include <cctype>

#include "nostr/event_json.h"
#include "nostr/kind.h"
#include "nostr/relay_url.h"
#include "nostr/sha256.h"

namespace pharos {
namespace {

constexpr std::string_view kScheme = "nostr";

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

// True, and the prefix gone, when text begins with it in any case; the prefix is in lower case.
bool take_prefix(std::string_view& text, std::string_view prefix) {
  const bool begins = text.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), text.begin(),
                                                                 [](char a, char b) { return a == lower(b); });
  if (begins) text.remove_prefix(prefix.size());
  return begins;
}

std::optional<unsigned> base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<unsigned>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<unsigned>(c - 'a') + 26;
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0') + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return std::nullopt;
}

std::optional<std::string> decode_base64(std::string_view text) {
  for (int pads = 0; pads < 2 && text.ends_with('='); ++pads) text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const auto digit = base64_digit(c);
    if (!digit) return std::nullopt;
    bits = (bits << 6U | *digit) & 0xffffU;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xffU);
  }
  return out;
}

std::optional<RelayUrl> normal_url(std::string_view text) {
  std::string_view rest = text;
  std::string relay(text);
  if (take_prefix(rest, "https://"))
    relay = "wss://" + std::string(rest);
  else if (take_prefix(rest, "http://"))
    relay = "ws://" + std::string(rest);
  auto url = RelayUrl::parse(relay);
  if (!url) return std::nullopt;
  return std::move(url).value();
}

}  // namespace

std::string_view describe(HttpAuthFault fault) {
  switch (fault) {
    case HttpAuthFault::none:
      return "";
    case HttpAuthFault::missing:
      return "no Authorization header";
    case HttpAuthFault::malformed:
      return "the Authorization header is not \"Nostr\" and an event in base64";
    case HttpAuthFault::wrong_kind:
      return "the kind is not 27235";
    case HttpAuthFault::wrong_time:
      return "created_at is more than a minute off";
    case HttpAuthFault::wrong_url:
      return "the u tag does not name this relay (relay.url in its settings)";
    case HttpAuthFault::wrong_method:
      return "the method tag is not the request's method";
    case HttpAuthFault::wrong_payload:
      return "the payload tag is not the SHA-256 of the body";
  }
  return "";
}

Result<Event, HttpAuthFault> parse_http_auth(std::string_view header) {
  if (header.empty()) return HttpAuthFault::missing;
  if (header.size() > kMaxHttpAuthBytes || !take_prefix(header, kScheme)) return HttpAuthFault::malformed;
  const std::size_t begin = header.find_first_not_of(" \t");
  if (begin == 0 || begin == std::string_view::npos) return HttpAuthFault::malformed;
  header.remove_prefix(begin);
  const auto json = decode_base64(header.substr(0, header.find_last_not_of(" \t") + 1));
  Event event;
  if (!json || !parse_event(*json, event)) return HttpAuthFault::malformed;
  return event;
}

HttpAuthFault check_http_auth(const Event& event, const HttpAuthRequest& request, UnixSeconds now) {
  if (event.kind != kind::kHttpAuth) return HttpAuthFault::wrong_kind;
  if (event.created_at < now - kHttpAuthWindowSeconds || event.created_at > now + kHttpAuthWindowSeconds)
    return HttpAuthFault::wrong_time;
  const auto url = event.tags.first("u");
  if (!url || std::ranges::none_of(request.urls, [&](const std::string& our) { return is_same_http_url(our, *url); }))
    return HttpAuthFault::wrong_url;
  if (event.tags.first("method") != request.method) return HttpAuthFault::wrong_method;
  if (event.tags.first("payload") != to_hex(sha256(as_bytes(request.body)))) return HttpAuthFault::wrong_payload;
  return HttpAuthFault::none;
}

bool is_same_http_url(std::string_view one, std::string_view other) {
  const auto a = normal_url(one);
  return a && a == normal_url(other);
}

}  // namespace pharos
