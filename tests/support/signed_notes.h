// Many distinct signed notes for load tests.
#pragma once

#include <string>
#include <vector>

#include "nostr/schnorr.h"

namespace pharos::testing {

// n kind-1 notes by a few authors, created_at counting up from `start`; the same for the same seed.
inline std::vector<Event> signed_notes(std::size_t n, UnixSeconds start, std::uint64_t seed,
                                       std::size_t content_bytes = 200) {
  SeededRandom random(seed);
  std::vector<SecretKey> authors;
  for (int i = 0; i < 8; ++i) authors.push_back(generate_secret_key(random));
  std::vector<Event> events(n);
  for (std::size_t i = 0; i < n; ++i) {
    Event& event = events[i];
    event.kind = 1;
    event.created_at = start + static_cast<UnixSeconds>(i / 4);
    event.tags.add({"t", "load" + std::to_string(i % 10)});
    event.content = "note " + std::to_string(seed) + "/" + std::to_string(i) + " ";
    event.content.resize(content_bytes, 'x');
    sign_event(event, authors[i % authors.size()], random);
  }
  return events;
}

}  // namespace pharos::testing
