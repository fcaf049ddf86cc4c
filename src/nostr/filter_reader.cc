#include "nostr/filter_reader.h"

#include <algorithm>
#include <utility>

#include "nostr/json_number.h"
#include "nostr/search_query.h"

namespace pharos {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Values of these are ids and keys (NIP-01), so anything but 64 lower-case hex digits is a mistake.
bool holds_hex(char tag) { return tag == 'e' || tag == 'p'; }

template <class T>
void sort_unique(std::vector<T>& list) {
  std::ranges::sort(list);
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

}  // namespace

FilterReader::Field FilterReader::field_named(std::string_view text) {
  if (text == "ids") return Field::ids;
  if (text == "authors") return Field::authors;
  if (text == "kinds") return Field::kinds;
  if (text == "since") return Field::since;
  if (text == "until") return Field::until;
  if (text == "limit") return Field::limit;
  if (text == "search") return Field::search;
  if (text.size() == 2 && text[0] == '#' && is_letter(text[1])) return Field::tag;
  return Field::unknown;
}

void FilterReader::fail_field() {
  switch (field_) {
    case Field::ids:
      return fail(FilterError::bad_ids);
    case Field::authors:
      return fail(FilterError::bad_authors);
    case Field::kinds:
      return fail(FilterError::bad_kinds);
    case Field::since:
    case Field::until:
      return fail(FilterError::bad_time);
    case Field::limit:
      return fail(FilterError::bad_limit);
    case Field::search:
      return fail(FilterError::bad_search);
    case Field::tag:
      return fail(FilterError::bad_tag_values);
    case Field::unknown:
      return;
  }
}

void FilterReader::scalar() {
  if (depth_ == 0) fail(FilterError::not_an_object);
  fail_field();
}

// There are at most 52 tag conditions, so the search is short.
bool FilterReader::seen_before(std::string_view text) {
  if (field_ == Field::tag) {
    const bool seen = std::ranges::any_of(filter_.tags, [&](const TagCondition& tag) { return tag.name == text[1]; });
    if (!seen) filter_.tags.push_back({.name = text[1], .values = {}});
    return seen;
  }
  const unsigned bit = 1U << static_cast<unsigned>(field_);
  return (std::exchange(seen_, seen_ | bit) & bit) != 0;
}

void FilterReader::key(std::string_view text) {
  if (depth_ != 1) return;
  field_ = field_named(text);
  if (field_ == Field::unknown) {
    fail(FilterError::unknown_field);
  } else if (seen_before(text)) {
    fail(FilterError::duplicate_field);
    field_ = Field::unknown;
  }
}

bool FilterReader::take_value() {
  if (values_left_ == 0) {
    fail(FilterError::too_many_values);
    return false;
  }
  --values_left_;
  return true;
}

// Once something is wrong nothing is kept: the lists that later values would go to may not be there.
void FilterReader::number(std::string_view raw) {
  if (error_) return;
  const std::optional<std::uint64_t> value = parse_json_unsigned(raw);
  if (depth_ == 1 && value && (field_ == Field::since || field_ == Field::until)) {
    const auto most = static_cast<std::uint64_t>(kMaxCreatedAt) + 1;
    (field_ == Field::since ? filter_.since : filter_.until) = static_cast<UnixSeconds>(std::min(*value, most));
  } else if (depth_ == 1 && value && field_ == Field::limit) {
    filter_.limit = static_cast<std::size_t>(std::min(*value, static_cast<std::uint64_t>(kMaxCreatedAt)));
  } else if (depth_ == 2 && value && field_ == Field::kinds) {
    if (take_value() && *value <= 65535) filter_.kinds->push_back(static_cast<Kind>(*value));
  } else {
    scalar();
  }
}

void FilterReader::string(std::string_view text) {
  if (error_) return;
  if (depth_ == 1 && field_ == Field::search) return read_search(text);
  if (depth_ != 2 || field_ == Field::unknown || field_ == Field::kinds) return scalar();
  if (!take_value()) return;
  if (field_ == Field::ids) {
    const std::optional<EventId> id = EventId::from_hex(text);
    if (!id) return fail_field();
    filter_.ids->push_back(*id);
  } else if (field_ == Field::authors) {
    const std::optional<PublicKey> author = PublicKey::from_hex(text);
    if (!author) return fail_field();
    filter_.authors->push_back(*author);
  } else if (field_ == Field::tag) {
    TagCondition& tag = filter_.tags.back();
    if (holds_hex(tag.name) && !EventId::from_hex(text)) return fail_field();
    tag.values.emplace_back(text);
  } else {
    fail_field();
  }
}

void FilterReader::read_search(std::string_view text) {
  auto query = parse_search(text);
  if (!query) return fail_field();
  filter_.search = std::make_shared<const SearchQuery>(std::move(query).value());
}

void FilterReader::begin_object() {
  if (depth_ > 0) fail_field();
  ++depth_;
}

void FilterReader::begin_array() {
  if (depth_ == 0) {
    fail(FilterError::not_an_object);
  } else if (depth_ > 1) {
    fail_field();
  } else if (field_ == Field::ids) {
    filter_.ids.emplace();
  } else if (field_ == Field::authors) {
    filter_.authors.emplace();
  } else if (field_ == Field::kinds) {
    filter_.kinds.emplace();
  } else if (field_ != Field::tag) {
    fail_field();
  }
  ++depth_;
}

Result<Filter, FilterError> FilterReader::take() {
  if (error_) return *error_;
  if (filter_.ids) sort_unique(*filter_.ids);
  if (filter_.authors) sort_unique(*filter_.authors);
  if (filter_.kinds) sort_unique(*filter_.kinds);
  for (TagCondition& tag : filter_.tags) sort_unique(tag.values);
  std::ranges::sort(filter_.tags, {}, &TagCondition::name);
  return std::move(filter_);
}

}  // namespace pharos
