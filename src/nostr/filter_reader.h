// Turns the tokens of one filter object into a Filter; a part of filter and message. Handler of json_reader.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "nostr/filter.h"

namespace pharos {

class FilterReader {
 public:
  // Takes at most `max_values` list items; more are an error and are not kept.
  explicit FilterReader(std::size_t max_values) : values_left_(max_values) {}

  void null() { scalar(); }
  void boolean(bool) { scalar(); }
  void number(std::string_view raw);
  void string(std::string_view text);
  void key(std::string_view text);
  void begin_object();
  void end_object() { --depth_; }
  void begin_array();
  void end_array() { --depth_; }

  std::size_t values_left() const { return values_left_; }

  // Once the object is closed: the filter with its lists sorted and without repeats, or the first fault. Leaves the
  // reader empty.
  Result<Filter, FilterError> take();

 private:
  enum class Field : std::uint8_t { ids, authors, kinds, since, until, limit, search, tag, unknown };

  Field field_named(std::string_view text);
  bool seen_before(std::string_view text);
  void scalar();
  void fail(FilterError error) {
    if (!error_) error_ = error;
  }
  void fail_field();
  void read_search(std::string_view text);
  bool take_value();

  Filter filter_;
  std::size_t values_left_;
  int depth_ = 0;  // 1 inside the object, 2 inside a list
  Field field_ = Field::unknown;
  unsigned seen_ = 0;
  std::optional<FilterError> error_;
};

}  // namespace pharos
