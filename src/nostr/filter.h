// A NIP-01 filter: AND across fields, OR inside a list. Lists are sorted and without repeats.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nostr/event.h"
#include "util/result.h"

namespace pharos {

struct SearchQuery;

struct TagCondition {
  char name = 0;  // a-z or A-Z
  // An event matches when the first value of a tag with that name is one of them; a tag without a value has none.
  std::vector<std::string> values;
};

struct Filter {
  // An absent list matches everything; an empty one matches nothing.
  std::optional<std::vector<EventId>> ids;
  std::optional<std::vector<PublicKey>> authors;
  std::optional<std::vector<Kind>> kinds;
  std::vector<TagCondition> tags;    // sorted by name
  std::optional<UnixSeconds> since;  // inclusive
  std::optional<UnixSeconds> until;  // inclusive
  std::optional<std::size_t> limit;
  std::shared_ptr<const SearchQuery> search;  // nullptr: none (NIP-50)
};

enum class FilterError {
  not_an_object,
  bad_json,
  duplicate_field,
  unknown_field,  // includes multi-letter tags; replies say unsupported:
  bad_ids,
  bad_authors,
  bad_kinds,
  bad_tag_values,
  bad_time,
  bad_limit,
  bad_search,
  too_many_values,
};
std::string_view describe(FilterError error);

// Parses one filter object. House rules (protocol.md): an integer kind above 65535 is dropped from the list (which may
// leave it empty), since/until beyond kMaxCreatedAt saturate to kMaxCreatedAt + 1, null for a field is an error, and so
// is a value of #e or #p that is not 64 lower-case hex digits. limit saturates at 2^53 - 1.
Result<Filter, FilterError> parse_filter(std::string_view json);

// Appends the filter as JSON, for REQs that we send.
void append_filter_json(std::string& out, const Filter& filter);

// Ignores limit. #e and #p values are compared as the strings they are.
bool matches(const Filter& filter, const Event& event);
// The same but for its search.
bool matches_fields(const Filter& filter, const Event& event);

// True when no event can match: an empty list, since > until, or a search without a word that can be searched.
bool matches_nothing(const Filter& filter);

}  // namespace pharos
