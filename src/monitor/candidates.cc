#include "monitor/candidates.h"

#include <algorithm>

#include "nostr/kind.h"

namespace pharos::monitor {

std::vector<RelayUrl> candidate_urls(const Event& event, std::size_t most) {
  std::vector<RelayUrl> out;
  std::string_view wanted;
  if (event.kind == kind::kRelayList) wanted = "r";
  if (event.kind == kind::kRelayDiscovery) wanted = "d";
  if (wanted.empty()) return out;
  for (const TagView tag : event.tags) {
    if (out.size() >= most) break;
    if (tag.name() != wanted) continue;
    auto url = RelayUrl::parse(tag.value());
    if (url && std::ranges::find(out, url.value()) == out.end()) out.push_back(std::move(url).value());
    // The first d is the identifier (NIP-01).
    if (wanted == "d") break;
  }
  return out;
}

}  // namespace pharos::monitor
