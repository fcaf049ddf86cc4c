#include "relay/auth.h"

#include <algorithm>
#include <array>

#include "nostr/nip42.h"
#include "nostr/schnorr.h"

namespace pharos::relay {
namespace {

AuthResult result_of(AuthFault fault) {
  switch (fault) {
    case AuthFault::none:
      return AuthResult::ok;
    case AuthFault::wrong_kind:
      return AuthResult::wrong_kind;
    case AuthFault::wrong_time:
      return AuthResult::wrong_time;
    case AuthFault::wrong_challenge:
      return AuthResult::wrong_challenge;
    case AuthFault::wrong_relay:
      return AuthResult::wrong_relay;
  }
  return AuthResult::invalid;
}

std::string invalid(std::string_view what) { return "invalid: " + std::string(what); }

}  // namespace

OwnUrls own_urls(const std::vector<std::string>& configured) {
  std::vector<std::string> texts = configured;
  texts.insert(texts.end(), {"ws://127.0.0.1", "ws://localhost", "ws://[::1]"});
  OwnUrls urls;
  for (const std::string& text : texts) {
    if (auto url = RelayUrl::parse(text)) urls.push_back(std::move(url.value()));
  }
  return urls;
}

std::string auth_message(AuthResult result) {
  switch (result) {
    case AuthResult::ok:
      return {};
    case AuthResult::wrong_kind:
      return invalid(describe(AuthFault::wrong_kind));
    case AuthResult::wrong_time:
      return invalid(describe(AuthFault::wrong_time));
    case AuthResult::wrong_challenge:
      return invalid(describe(AuthFault::wrong_challenge));
    case AuthResult::wrong_relay:
      return invalid(describe(AuthFault::wrong_relay));
    case AuthResult::invalid:
      return invalid("id or signature does not verify");
    case AuthResult::too_many_keys:
      return "restricted: no more keys may authenticate on this connection";
    case AuthResult::too_many_attempts:
      return "rate-limited: too many AUTH attempts on this connection";
  }
  return {};
}

AuthResult Auth::accept(const Event& event, const OwnUrls& own, UnixSeconds now) {
  const AuthFault fault = check_auth(event, challenge_, own, now);
  if (fault != AuthFault::none) return result_of(fault);
  // Only who knows the challenge can make us verify, and not without end.
  if (attempts_ >= max_attempts_) return AuthResult::too_many_attempts;
  ++attempts_;
  if (verify_event(event) != EventFault::none) return AuthResult::invalid;
  if (holds(event.pubkey)) return AuthResult::ok;
  if (keys_->size() >= max_keys_) return AuthResult::too_many_keys;
  auto keys = std::make_shared<KeyList>(*keys_);
  keys->push_back(event.pubkey);
  keys_ = std::move(keys);
  return AuthResult::ok;
}

bool Auth::holds(const PublicKey& key) const { return std::find(keys_->begin(), keys_->end(), key) != keys_->end(); }

std::string make_challenge(Random& random) {
  std::array<std::uint8_t, 24> bytes{};
  random.fill(bytes);
  return to_hex(bytes);
}

}  // namespace pharos::relay
