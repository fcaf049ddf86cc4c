#include "nostr/filter.h"

#include <algorithm>
#include <functional>
#include <limits>

#include "nostr/filter_reader.h"
#include "nostr/json_reader.h"
#include "nostr/json_write.h"
#include "nostr/search_query.h"
#include "nostr/search_text.h"

namespace pharos {
namespace {

template <class T>
bool allows(const std::optional<std::vector<T>>& list, const T& value) {
  return !list || std::binary_search(list->begin(), list->end(), value);
}

bool holds(const TagCondition& condition, const Event& event) {
  for (const TagView tag : event.tags) {
    if (tag.size() < 2 || tag[0].size() != 1 || tag[0][0] != condition.name) continue;
    if (std::binary_search(condition.values.begin(), condition.values.end(), tag[1], std::less<>())) return true;
  }
  return false;
}

template <class List, class Append>
void append_list(std::string& out, const List& list, const Append& append) {
  out += '[';
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (i > 0) out += ',';
    append(list[i]);
  }
  out += ']';
}

}  // namespace

std::string_view describe(FilterError error) {
  switch (error) {
    case FilterError::not_an_object:
      return "the filter is not an object";
    case FilterError::bad_json:
      return "not valid JSON";
    case FilterError::duplicate_field:
      return "a filter field occurs twice";
    case FilterError::unknown_field:
      return "the filter has a field that this relay does not know";
    case FilterError::bad_ids:
      return "ids is not an array of 64 lower-case hex digits each";
    case FilterError::bad_authors:
      return "authors is not an array of 64 lower-case hex digits each";
    case FilterError::bad_kinds:
      return "kinds is not an array of non-negative integers";
    case FilterError::bad_tag_values:
      return "a tag filter is not an array of strings, or one of #e or #p is not 64 lower-case hex digits";
    case FilterError::bad_time:
      return "since or until is not a non-negative integer";
    case FilterError::bad_limit:
      return "limit is not a non-negative integer";
    case FilterError::bad_search:
      return "search is not a string of at most 1024 bytes and 32 words";
    case FilterError::too_many_values:
      return "too many values in the filters";
  }
  return "";
}

Result<Filter, FilterError> parse_filter(std::string_view json) {
  FilterReader reader(std::numeric_limits<std::size_t>::max());
  if (read_json(json, reader) != JsonFault::none) return FilterError::bad_json;
  return reader.take();
}

void append_filter_json(std::string& out, const Filter& filter) {
  const auto append_id = [&out](const auto& bytes) {
    out += '"';
    append_hex(out, bytes.data);
    out += '"';
  };
  JsonObjectWriter writer(out);
  if (filter.ids) append_list(writer.member("ids"), *filter.ids, append_id);
  if (filter.authors) append_list(writer.member("authors"), *filter.authors, append_id);
  if (filter.kinds)
    append_list(writer.member("kinds"), *filter.kinds, [&out](Kind kind) { append_json_integer(out, kind); });
  for (const TagCondition& tag : filter.tags) {
    const char name[] = {'#', tag.name};
    append_list(writer.member({name, 2}), tag.values,
                [&out](const std::string& value) { append_json_string(out, value); });
  }
  if (filter.since) append_json_integer(writer.member("since"), *filter.since);
  if (filter.until) append_json_integer(writer.member("until"), *filter.until);
  if (filter.limit) append_json_integer(writer.member("limit"), static_cast<std::int64_t>(*filter.limit));
  if (filter.search) append_json_string(writer.member("search"), filter.search->text);
  writer.end();
}

bool matches(const Filter& filter, const Event& event) {
  if (!matches_fields(filter, event)) return false;
  if (!filter.search) return true;
  thread_local WordList words;
  read_search_text(event, words);
  return matches(*filter.search, words);
}

bool matches_fields(const Filter& filter, const Event& event) {
  if (filter.since && event.created_at < *filter.since) return false;
  if (filter.until && event.created_at > *filter.until) return false;
  if (!allows(filter.kinds, event.kind) || !allows(filter.authors, event.pubkey) || !allows(filter.ids, event.id))
    return false;
  return std::ranges::all_of(filter.tags, [&](const TagCondition& tag) { return holds(tag, event); });
}

bool matches_nothing(const Filter& filter) {
  if (filter.ids && filter.ids->empty()) return true;
  if (filter.authors && filter.authors->empty()) return true;
  if (filter.kinds && filter.kinds->empty()) return true;
  if (std::ranges::any_of(filter.tags, [](const TagCondition& tag) { return tag.values.empty(); })) return true;
  if (filter.search && filter.search->matches_nothing) return true;
  if (filter.since && *filter.since > kMaxCreatedAt) return true;
  return filter.since && filter.until && *filter.since > *filter.until;
}

}  // namespace pharos
