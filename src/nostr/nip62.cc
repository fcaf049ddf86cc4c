#include "nostr/nip62.h"

#include <algorithm>

namespace pharos {
namespace {

constexpr std::string_view kAllRelays = "ALL_RELAYS";

bool is_same_relay(const RelayUrl& a, const RelayUrl& b) {
  return a.authority() == b.authority() && a.target() == b.target();
}

}  // namespace

bool asks_us_to_vanish(const Event& event, std::span<const RelayUrl> ours) {
  for (const TagView tag : event.tags) {
    if (tag.name() != "relay" || tag.size() < 2) continue;
    if (tag.value() == kAllRelays) return true;
    const auto named = RelayUrl::parse(tag.value());
    if (!named) continue;
    if (std::ranges::any_of(ours, [&](const RelayUrl& own) { return is_same_relay(named.value(), own); })) return true;
  }
  return false;
}

}  // namespace pharos
