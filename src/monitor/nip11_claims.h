// What a relay says about itself in its NIP-11 document, as far as NIP-66 repeats it. Hostile input: iterative parser,
// bounded lists, anything of the wrong type is ignored. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pharos::monitor {

inline constexpr std::size_t kMaxClaimedNips = 200;
inline constexpr std::size_t kMaxClaimedTopics = 10;
inline constexpr std::size_t kMaxTopicBytes = 64;

struct Nip11Claims {
  std::vector<std::string> nips;    // ascending, once each; "1", or hex names such as "5A" in upper case
  std::vector<std::string> topics;  // the `tags` field of earlier NIP-11 texts, lower case
  std::string software;
  std::string version;
  std::string name;
  std::optional<bool> payment_required;   // limitation.payment_required
  std::optional<bool> pow_required;       // limitation.min_pow_difficulty > 0
  std::optional<bool> auth_required;      // limitation.auth_required
  std::optional<bool> restricted_writes;  // limitation.restricted_writes
};

// nullopt when the text is not one JSON object in valid UTF-8.
std::optional<Nip11Claims> parse_nip11(std::string_view document);

}  // namespace pharos::monitor
