// A filter and an event, separated by a line feed: the filter reads back as written, and matching agrees with a
// matcher that walks every list.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "nostr/event_json.h"
#include "nostr/filter.h"
#include "support/naive_store.h"
#include "util/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = pharos::as_text({data, size});
  const std::size_t split = std::min(text.find('\n'), text.size());
  const auto parsed = pharos::parse_filter(text.substr(0, split));
  if (!parsed) {
    PHAROS_FATAL_CHECK(!pharos::describe(parsed.error()).empty());
    return 0;
  }
  const pharos::Filter& filter = parsed.value();
  std::string json;
  pharos::append_filter_json(json, filter);
  const auto again = pharos::parse_filter(json);
  PHAROS_FATAL_CHECK(again.has_value());
  std::string json_again;
  pharos::append_filter_json(json_again, again.value());
  PHAROS_FATAL_CHECK(json_again == json);

  pharos::Event event;
  if (!pharos::parse_event(text.substr(std::min(split + 1, text.size())), event)) return 0;
  const bool hit = pharos::matches(filter, event);
  const bool fields_match = pharos::matches_fields(filter, event);
  PHAROS_FATAL_CHECK(fields_match == pharos::test::naive_matches(filter, event));
  PHAROS_FATAL_CHECK(filter.search ? !hit || fields_match : hit == fields_match);
  PHAROS_FATAL_CHECK(!hit || !pharos::matches_nothing(filter));
  return 0;
}
