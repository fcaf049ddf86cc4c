// One row of the table of settings. The parser, the sample file, the reference and reloading derive from it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace pharos::config {

enum class Type : std::uint8_t {
  boolean,
  integer,
  real,
  text,
  choice,    // text, one of Setting::choices
  duration,  // text such as "500ms", "30s", "15m", "2h", "7d"; stored in milliseconds
  bytes,     // text such as "64KiB", "16MiB", "1TiB", or an integer; stored in bytes
  text_list,
  integer_list,  // of whole numbers; stored as texts in decimal
  filter_list,   // of texts or inline tables; stored as JSON texts
  kind_list,     // of whole numbers and texts such as "10000-19999"; stored as texts
  rate,          // text such as "600/min" or "20/s burst 400"; "" or "off" for none
  byte_rate,     // the same of bytes: "2MiB/s burst 32MiB"
};

enum class Reload : std::uint8_t { live, restart };

struct Setting {
  std::string_view section;
  std::string_view key;
  Type type;
  std::string_view default_toml;  // as it stands in the file: "\"info\"", "500", "[]"
  Reload reload;
  std::string_view help;  // one line or two, without a full stop at the end of a single phrase
  double minimum = 0;     // of numbers, milliseconds, bytes
  double maximum = 9.0e18;
  std::string_view choices = {};  // separated by spaces
  std::string_view example = {};  // as TOML, where the default tells too little
};

// Every setting, grouped by section in the order of the sample file.
std::span<const Setting> settings_table();

// Tables of which there are as many as the file has: [[kind_limit]], [[retention]] and [[upstream]].
struct TableList {
  std::string_view section;
  std::string_view help;           // above it in the sample
  std::span<const Setting> table;  // the keys of one; their section is this one's
  std::string_view required = {};  // text keys that may not be empty, separated by spaces; the first is unique
};
std::span<const TableList> table_lists();
std::span<const Setting> upstream_table();

// A line or two that stand above a section in the sample.
std::string_view section_help(std::string_view section);

// "PHAROS_RELAY__LISTEN" for relay.listen. Tables have no environment form.
std::string environment_name(const Setting& setting);

}  // namespace pharos::config
