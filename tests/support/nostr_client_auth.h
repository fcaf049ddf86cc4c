// Authenticates a NostrClient by NIP-42, as people do: with the challenge that the relay sent first.
#pragma once

#include "support/event_builder.h"
#include "support/nostr_client.h"
#include "util/clock.h"

namespace pharos::testing {

// The challenge that came; "" when none does.
inline std::string challenge_of(NostrClient& client) {
  while (const auto message = client.next()) {
    if (const auto* auth = std::get_if<AuthReply>(&*message)) return auth->challenge;
  }
  return {};
}

inline OkReply answer_challenge(NostrClient& client, test::Person& person, const std::string& challenge) {
  const Event event =
      person.event(22242, SystemClock().unix_now(), "", {{"relay", "ws://127.0.0.1/"}, {"challenge", challenge}});
  std::string text;
  append_auth_command(text, event);
  client.ws().send(text);
  while (const auto message = client.next()) {
    if (const auto* ok = std::get_if<OkReply>(&*message); ok != nullptr && ok->id == event.id) return *ok;
  }
  return {event.id, false, "no answer"};
}

inline OkReply authenticate(NostrClient& client, test::Person& person) {
  return answer_challenge(client, person, challenge_of(client));
}

}  // namespace pharos::testing
