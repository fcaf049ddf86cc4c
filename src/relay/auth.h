// NIP-42 for one connection: the challenge, and the keys that answered it. Pure; one thread.
//
// Several keys may authenticate on one connection and all of them count. The number of keys and of attempts is capped.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "nostr/event.h"
#include "nostr/relay_url.h"
#include "util/random.h"

namespace pharos::relay {

using KeyList = std::vector<PublicKey>;

// The URLs by which AUTH events may name us: the configured ones that parse, and the loopback names always.
using OwnUrls = std::vector<RelayUrl>;
OwnUrls own_urls(const std::vector<std::string>& configured);

enum class AuthResult {
  ok,
  wrong_kind,
  wrong_time,
  wrong_challenge,
  wrong_relay,
  invalid,  // id or signature
  too_many_keys,
  too_many_attempts,
};
// The message of the OK, with its prefix; "" for ok.
std::string auth_message(AuthResult result);

class Auth {
 public:
  Auth(std::string challenge, std::size_t max_keys, std::size_t max_attempts)
      : challenge_(std::move(challenge)), max_keys_(max_keys), max_attempts_(max_attempts) {}

  const std::string& challenge() const { return challenge_; }
  // Checks the event and, when it is good, counts its author among the keys. The signature is looked at last.
  AuthResult accept(const Event& event, const OwnUrls& own, UnixSeconds now);

  bool is_authenticated() const { return !keys_->empty(); }
  bool holds(const PublicKey& key) const;
  // The keys so far; a later AUTH makes a new list, so that a scan can keep the one it began with.
  std::shared_ptr<const KeyList> keys() const { return keys_; }

 private:
  std::string challenge_;
  std::size_t max_keys_;
  std::size_t max_attempts_;
  std::size_t attempts_ = 0;
  std::shared_ptr<const KeyList> keys_ = std::make_shared<KeyList>();
};

// 192 random bits in hex.
std::string make_challenge(Random& random);

}  // namespace pharos::relay
