// Any text: an event is read exactly or refused, and what was read is written back so that it reads the same.

#include <cstddef>
#include <cstdint>

#include "nostr/canonical.h"
#include "nostr/event_json.h"
#include "util/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = pharos::as_text({data, size});
  pharos::Event event;
  if (const auto result = pharos::parse_event(text, event); !result) {
    const pharos::EventParseFailure& failure = result.error();
    PHAROS_FATAL_CHECK(!pharos::describe(failure.error).empty());
    if (failure.id && text.find('\\') == text.npos) PHAROS_FATAL_CHECK(text.find(failure.id->hex()) != text.npos);
    return 0;
  }
  PHAROS_FATAL_CHECK(event.created_at >= 0 && event.created_at <= pharos::kMaxCreatedAt);

  std::string json;
  pharos::append_event_json(json, event);
  pharos::Event again;
  PHAROS_FATAL_CHECK(pharos::parse_event(json, again).has_value());
  PHAROS_FATAL_CHECK(again == event);
  PHAROS_FATAL_CHECK(pharos::compute_id(again) == pharos::compute_id(event));
  std::string json_again;
  pharos::append_event_json(json_again, again);
  PHAROS_FATAL_CHECK(json_again == json);
  return 0;
}
