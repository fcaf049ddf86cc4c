#include "relay/auth.h"

#include <algorithm>
#include <array>

#include "nostr/kind.h"
#include "nostr/relay_url.h"
#include "nostr/schnorr.h"

namespace pharos::relay {
namespace {

constexpr UnixSeconds kWindowSeconds = 10 * 60;

bool has_tag(const Event& event, std::string_view name, const auto& accepts) {
  for (const TagView tag : event.tags) {
    if (tag.size() >= 2 && tag[0] == name && accepts(tag[1])) return true;
  }
  return false;
}

}  // namespace

OwnHosts::OwnHosts(const std::vector<std::string>& urls) : hosts_{"127.0.0.1", "localhost", "::1"} {
  for (const std::string& url : urls) {
    if (const auto parsed = RelayUrl::parse(url)) hosts_.push_back(parsed.value().host());
  }
}

bool OwnHosts::contains(std::string_view relay_tag) const {
  const auto parsed = RelayUrl::parse(relay_tag);
  return parsed && std::find(hosts_.begin(), hosts_.end(), parsed.value().host()) != hosts_.end();
}

std::string_view describe(AuthFault fault) {
  switch (fault) {
    case AuthFault::none:
      return "";
    case AuthFault::not_auth_kind:
      return "invalid: an AUTH event is of kind 22242";
    case AuthFault::created_at:
      return "invalid: created_at is more than 10 minutes from now";
    case AuthFault::challenge:
      return "invalid: the challenge tag is not the challenge of this connection";
    case AuthFault::relay:
      return "invalid: the relay tag does not name this relay";
    case AuthFault::invalid:
      return "invalid: id or signature does not verify";
    case AuthFault::too_many_keys:
      return "restricted: no more keys may authenticate on this connection";
    case AuthFault::too_many_tries:
      return "rate-limited: too many AUTH attempts on this connection";
  }
  return "";
}

AuthFault Auth::accept(const Event& event, const OwnHosts& own, UnixSeconds now) {
  if (event.kind != kind::kClientAuth) return AuthFault::not_auth_kind;
  if (event.created_at < now - kWindowSeconds || event.created_at > now + kWindowSeconds) return AuthFault::created_at;
  if (!has_tag(event, "challenge", [&](std::string_view value) { return value == challenge_; })) {
    return AuthFault::challenge;
  }
  if (!has_tag(event, "relay", [&](std::string_view value) { return own.contains(value); })) return AuthFault::relay;
  if (attempts_ >= max_attempts_) return AuthFault::too_many_tries;
  ++attempts_;
  if (verify_event(event) != EventFault::none) return AuthFault::invalid;
  if (holds(event.pubkey)) return AuthFault::none;
  if (keys_->size() >= max_keys_) return AuthFault::too_many_keys;
  auto keys = std::make_shared<KeyList>(*keys_);
  keys->push_back(event.pubkey);
  keys_ = std::move(keys);
  return AuthFault::none;
}

bool Auth::holds(const PublicKey& key) const { return std::find(keys_->begin(), keys_->end(), key) != keys_->end(); }

std::string make_challenge(Random& random) {
  std::array<std::uint8_t, 24> bytes{};
  random.fill(bytes);
  return to_hex(bytes);
}

}  // namespace pharos::relay
