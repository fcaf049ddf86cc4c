// Any event: its JSON reads back equal, its canonical bytes hold no raw control, and two events share them only when
// their hashed fields are equal.

#include <cstddef>
#include <cstdint>

#include "nostr/canonical.h"
#include "nostr/event_json.h"
#include "util/check.h"
#include "util/utf8.h"

namespace {

// Cuts the input at 0xff, which no UTF-8 has: content first, then items; an empty piece ends a tag.
pharos::Event make_event(std::string_view text) {
  pharos::Event event;
  bool first = true;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\xff'), text.size());
    const std::string_view piece = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!pharos::is_utf8(piece)) continue;
    if (first)
      event.content = std::string(piece);
    else if (piece.empty())
      event.tags.end_tag();
    else
      event.tags.add_item(piece);
    first = false;
  }
  event.tags.end_tag();
  event.kind = static_cast<pharos::Kind>(event.content.size());
  event.created_at = static_cast<pharos::UnixSeconds>(event.tags.size());
  return event;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const pharos::Event event = make_event(pharos::as_text({data, size}));
  std::string canonical;
  pharos::append_canonical(canonical, event);
  for (const char c : canonical) PHAROS_FATAL_CHECK(static_cast<unsigned char>(c) >= 0x20);
  PHAROS_FATAL_CHECK(pharos::is_utf8(canonical));

  std::string json;
  pharos::append_event_json(json, event);
  pharos::Event parsed;
  PHAROS_FATAL_CHECK(pharos::parse_event(json, parsed).has_value());
  PHAROS_FATAL_CHECK(parsed == event);

  parsed.content += 'x';
  std::string other;
  pharos::append_canonical(other, parsed);
  PHAROS_FATAL_CHECK(other != canonical);
  return 0;
}
