// Tries a write-policy plugin outside of the relay: gives it events, one at a time and then many, and says in plain
// words what it decides, how fast, and where it does not keep to the protocol. Blocks its thread; for commands.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "nostr/event.h"
#include "util/clock.h"
#include "util/random.h"

namespace pharos::app {

struct TrialEvent {
  Event event;
  std::string source_type = "IP4";
  std::string source_info = "192.0.2.1";
  std::optional<PublicKey> authed;
};

// Of the sorts that a relay meets, signed by a key made for it: small and large, ephemeral, replaceable, with an
// address of IPv6 and with an authenticated key. One holds the word that the example in Python is shown with.
std::vector<TrialEvent> sample_trial_events(UnixSeconds now, Random& random);

struct TrialOptions {
  std::vector<std::string> words;  // the program and its arguments
  std::chrono::milliseconds timeout{5'000};
  std::size_t max_in_flight = 64;
};

enum class TrialEnd {
  sound,
  faulty,       // it answers, but not always as it must
  unavailable,  // it cannot be started, ends by itself, or does not answer at all
};

// say() takes the lines of the report as they come.
TrialEnd try_plugin(const TrialOptions& options, const std::vector<TrialEvent>& events, const Clock& clock,
                    const std::function<void(const std::string&)>& say);

}  // namespace pharos::app
