// Events for tests: the same keys, times and signatures in every run. One thread.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "nostr/event.h"

namespace pharos::test {

// The n-th key pair; derived on first use (about 20 us) and kept.
const SecretKey& secret_key(std::size_t index);
const PublicKey& public_key(std::size_t index);

struct EventSpec {
  Kind kind = 1;
  std::string content = "hello";
  TagList tags{};
  UnixSeconds created_at = 1'700'000'000;
  std::size_t key = 0;
};

// Valid in every respect (about 50 us).
Event signed_event(const EventSpec& spec);

// Right pubkey and id, noise for a signature (about 1 us): for code below verification.
Event unsigned_event(const EventSpec& spec);

// Events whose created_at goes up by `step` from one to the next and whose contents are numbered, so no two are equal.
class EventSequence {
 public:
  explicit EventSequence(EventSpec first, UnixSeconds step = 1) : next_(std::move(first)), step_(step) {}

  Event next_signed() { return signed_event(advance()); }
  Event next_unsigned() { return unsigned_event(advance()); }

 private:
  EventSpec advance();

  EventSpec next_;
  UnixSeconds step_;
  std::size_t count_ = 0;
};

}  // namespace pharos::test
