// A filter and an event, separated by a line feed: the filter reads back as written, and matching agrees with a
// matcher that walks every list.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "nostr/event_json.h"
#include "nostr/filter.h"
#include "util/check.h"

namespace {

template <class T>
bool contains(const std::vector<T>& list, const T& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

bool matches_naively(const pharos::Filter& filter, const pharos::Event& event) {
  if (filter.ids && !contains(*filter.ids, event.id)) return false;
  if (filter.authors && !contains(*filter.authors, event.pubkey)) return false;
  if (filter.kinds && !contains(*filter.kinds, event.kind)) return false;
  if (event.created_at < filter.since.value_or(0)) return false;
  if (event.created_at > filter.until.value_or(pharos::kMaxCreatedAt)) return false;
  for (const pharos::TagCondition& condition : filter.tags) {
    bool found = false;
    for (const pharos::TagView tag : event.tags) {
      found = found || (tag.size() > 1 && tag[0] == std::string(1, condition.name) &&
                        contains(condition.values, std::string(tag[1])));
    }
    if (!found) return false;
  }
  return true;
}

}  // namespace

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
  PHAROS_FATAL_CHECK(hit == matches_naively(filter, event));
  PHAROS_FATAL_CHECK(!hit || !pharos::matches_nothing(filter));
  return 0;
}
