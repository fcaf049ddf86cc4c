#include "nostr/nip42.h"

#include <algorithm>

#include "nostr/kind.h"

namespace pharos {
namespace {

bool names_one_of(std::string_view text, std::span<const RelayUrl> ours) {
  const Result<RelayUrl, RelayUrlError> url = RelayUrl::parse(text);
  return url && std::ranges::any_of(ours, [&](const RelayUrl& our) { return our.host() == url.value().host(); });
}

}  // namespace

std::string_view describe(AuthFault fault) {
  switch (fault) {
    case AuthFault::none:
      return "";
    case AuthFault::wrong_kind:
      return "the kind is not 22242";
    case AuthFault::wrong_time:
      return "created_at is more than ten minutes off";
    case AuthFault::wrong_challenge:
      return "the challenge is not the one that was sent";
    case AuthFault::wrong_relay:
      return "the relay tag does not name this relay";
  }
  return "";
}

AuthFault check_auth(const Event& event, std::string_view challenge, std::span<const RelayUrl> ours, UnixSeconds now) {
  if (event.kind != kind::kClientAuth) return AuthFault::wrong_kind;
  if (event.created_at < now - kAuthWindowSeconds || event.created_at > now + kAuthWindowSeconds)
    return AuthFault::wrong_time;
  bool challenged = false;
  bool addressed = false;
  for (const TagView tag : event.tags) {
    if (tag.name() == "challenge") challenged = challenged || (!challenge.empty() && tag.value() == challenge);
    if (tag.name() == "relay") addressed = addressed || names_one_of(tag.value(), ours);
  }
  if (!challenged) return AuthFault::wrong_challenge;
  return addressed ? AuthFault::none : AuthFault::wrong_relay;
}

Event make_auth_event(const RelayUrl& relay, std::string_view challenge, UnixSeconds now) {
  Event event;
  event.kind = kind::kClientAuth;
  event.created_at = now;
  event.tags = {{"relay", relay.text()}, {"challenge", challenge}};
  return event;
}

}  // namespace pharos
