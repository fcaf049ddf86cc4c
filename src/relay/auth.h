// NIP-42 for one connection: the challenge, and the keys that answered it. Pure; one thread.
//
// Several keys may authenticate on one connection and all of them count. The number of keys and of attempts is capped.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "nostr/event.h"
#include "util/random.h"

namespace pharos::relay {

using KeyList = std::vector<PublicKey>;

// The relay's own names, as AUTH events have to name them: hosts in lower case. Ports, schemes and paths do not count
// (NIP-42: a matching domain name is enough).
class OwnHosts {
 public:
  // URLs that do not parse are left out; loopback names are always in.
  explicit OwnHosts(const std::vector<std::string>& urls);
  bool contains(std::string_view relay_tag) const;

 private:
  std::vector<std::string> hosts_;
};

enum class AuthFault {
  none,
  not_auth_kind,
  created_at,  // more than 10 minutes from now
  challenge,   // no challenge tag with ours
  relay,       // no relay tag that names us
  invalid,     // id or signature
  too_many_keys,
  too_many_tries,
};
// With its prefix, for the OK: "invalid: ...".
std::string_view describe(AuthFault fault);

class Auth {
 public:
  Auth(std::string challenge, std::size_t max_keys, std::size_t max_attempts)
      : challenge_(std::move(challenge)), max_keys_(max_keys), max_attempts_(max_attempts) {}

  const std::string& challenge() const { return challenge_; }
  // Checks the event and, when it is good, counts its author among the keys. The signature comes last.
  AuthFault accept(const Event& event, const OwnHosts& own, UnixSeconds now);

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
