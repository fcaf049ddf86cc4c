// Random events and filters over a small universe, so that they collide: equal seconds, shared id prefixes, few
// authors, deletion requests that hit, tag values around LMDB's key limit that differ in the last byte only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "nostr/event.h"
#include "nostr/filter.h"
#include "util/random.h"

namespace pharos::test {

struct EventShape {
  std::size_t authors = 12;
  UnixSeconds start = 1'700'000'000;
  std::size_t seconds = 60;  // created_at falls into [start, start + seconds)
  std::vector<Kind> kinds{0, 1, 3, 5, 6, 7, 45, 1059, 10002, 30023, 30166, 40000, 65535};
  unsigned shared_prefix_percent = 25;  // ids that share their first bytes with others
  unsigned deletion_percent = 10;       // extra kind 5 events
  unsigned expiration_percent = 10;
  std::size_t max_tags = 6;
};

class RandomEvents {
 public:
  // random outlives it.
  RandomEvents(Random& random, EventShape shape);

  // Never of an ephemeral kind; the signature is noise. Some repeat an earlier event or its address.
  Event event();
  // Lists are sorted and without repeats, as parse_filter() leaves them.
  Filter filter();
  // Mostly 1 to 4 filters that tend to overlap.
  std::vector<Filter> filters();

 private:
  bool percent(unsigned chance) { return random_.below(100) < chance; }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[random_.below(from.size())];
  }
  EventId new_id();
  EventId known_id();
  UnixSeconds time();
  std::string tag_value();
  void add_tag(Event& event);
  void fill_deletion(Event& event);
  TagCondition tag_condition();

  Random& random_;
  EventShape shape_;
  std::vector<PublicKey> authors_;
  std::vector<std::string> words_;
  std::vector<Event> recent_;
};

// Draws from a byte string, then zeros: a fuzzer's input as a Random. A number takes two bytes only, so that a short
// input makes many choices.
class BytesRandom final : public Random {
 public:
  explicit BytesRandom(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  void fill(std::span<std::uint8_t> out) override;
  bool empty() const { return bytes_.empty(); }

 private:
  std::span<const std::uint8_t> bytes_;
};

}  // namespace pharos::test
