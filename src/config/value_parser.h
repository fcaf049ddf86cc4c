// Texts to values: durations, byte sizes, and what the environment holds. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/settings.h"
#include "util/result.h"

namespace pharos::config {

// "500ms", "30s", "15m", "2h", "7d" in milliseconds; a whole number and one unit.
std::optional<std::int64_t> parse_duration(std::string_view text);
// "1024", "64KiB", "16MiB", "2GiB", "1TiB" in bytes.
std::optional<std::int64_t> parse_bytes(std::string_view text);
// "600/min", "20/s burst 400": a second, min(ute), h(our) or d(ay); without a burst, as many as come in that time.
// "" and "off" are no bound. sizes: of bytes, with the units of parse_bytes().
std::optional<Rate> parse_rate(std::string_view text, bool sizes);
// "7" or "20000-29999", up to 65535.
struct KindSpan {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
};
std::optional<KindSpan> parse_kind_span(std::string_view text);

// An environment variable's text; lists are separated by commas. The failure says what was expected.
Result<Value, std::string> parse_environment_value(const Setting& setting, std::string_view text);

// Range and choices. The failure says what is allowed.
Result<void, std::string> check_value(const Setting& setting, const Value& value);

// What a value of this setting looks like: "a duration such as \"30s\"".
std::string expectation(const Setting& setting);

}  // namespace pharos::config
