// Events for tests, signed by keys that are the same in every run.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "nostr/event_json.h"
#include "nostr/schnorr.h"
#include "util/random.h"

namespace pharos::test {

// A person with a key. The n-th is always the same.
class Person {
 public:
  explicit Person(std::uint64_t n) : random_(n + 1000), secret_(generate_secret_key(random_)) {
    key_ = *derive_public_key(secret_);
  }
  const PublicKey& key() const { return key_; }
  std::string hex() const { return key_.hex(); }
  const SecretKey& secret() const { return secret_; }

  Event sign(Event event) {
    sign_event(event, secret_, random_);
    return event;
  }
  Event event(Kind kind, UnixSeconds created_at, std::string_view content,
              std::initializer_list<std::initializer_list<std::string_view>> tags = {}) {
    Event event;
    event.kind = kind;
    event.created_at = created_at;
    event.content = std::string(content);
    event.tags = TagList(tags);
    return sign(std::move(event));
  }

 private:
  SeededRandom random_;
  SecretKey secret_;
  PublicKey key_;
};

inline std::shared_ptr<const Event> share(Event event) { return std::make_shared<const Event>(std::move(event)); }

inline std::string to_json(const Event& event) {
  std::string out;
  append_event_json(out, event);
  return out;
}

}  // namespace pharos::test
