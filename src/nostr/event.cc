#include "nostr/event.h"

#include <charconv>
#include <limits>

#include "nostr/kind.h"

namespace pharos {

std::optional<UnixSeconds> expiration(const Event& event) {
  const std::optional<std::string_view> text = event.tags.first("expiration");
  if (!text || text->empty() || text->front() == '-') return std::nullopt;
  UnixSeconds value = 0;
  const char* end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, value);
  if (stop != end) return std::nullopt;
  if (error == std::errc::result_out_of_range) return std::numeric_limits<UnixSeconds>::max();
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

bool is_expired(const Event& event, UnixSeconds now) {
  if (classify(event.kind) == KindClass::ephemeral) return false;
  const std::optional<UnixSeconds> at = expiration(event);
  return at && *at <= now;
}

bool is_protected(const Event& event) {
  for (const TagView tag : event.tags) {
    if (tag.name() == "-") return true;
  }
  return false;
}

}  // namespace pharos
