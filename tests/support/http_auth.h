// NIP-98 headers for tests.
#pragma once

#include <string>
#include <string_view>

#include "nostr/sha256.h"
#include "support/event_builder.h"
#include "util/bytes.h"

namespace pharos::testing {

inline std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const std::uint8_t byte : as_bytes(bytes)) {
    bits = bits << 8U | byte;
    for (count += 8; count >= 6; count -= 6) out += kDigits[bits >> (count - 6) & 63U];
  }
  if (count > 0) out += kDigits[bits << (6 - count) & 63U];
  while (out.size() % 4 != 0) out += '=';
  return out;
}

// The Authorization header for a POST of that body.
inline std::string http_auth(test::Person& person, std::string_view url, std::string_view body, UnixSeconds now) {
  const std::string payload = to_hex(sha256(as_bytes(body)));
  return "Nostr " +
         base64(test::to_json(person.event(27235, now, "", {{"u", url}, {"method", "POST"}, {"payload", payload}})));
}

}  // namespace pharos::testing
