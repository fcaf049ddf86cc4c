// The values of all settings: defaults, overlaid by the file, overlaid by the environment. Immutable once loaded; any
// thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/setting.h"
#include "util/token_bucket.h"

namespace pharos::config {

// integer, duration (milliseconds) and bytes are all std::int64_t.
using Value = std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>, Rate>;

// Where a value was set: a file and line, or the name of a variable and 0; neither for a default.
struct Origin {
  std::string file;
  int line = 0;
};

// Values of the keys of one table, by "section.key"; of a table of a list by key alone.
class Values {
 public:
  // The key exists with that type: the table of settings and the caller agree, or the program is wrong.
  bool boolean(std::string_view key) const;
  std::int64_t integer(std::string_view key) const;
  std::size_t size(std::string_view key) const { return static_cast<std::size_t>(integer(key)); }
  double real(std::string_view key) const;
  const std::string& text(std::string_view key) const;
  const std::vector<std::string>& list(std::string_view key) const;
  const Rate& rate(std::string_view key) const;
  std::chrono::milliseconds duration(std::string_view key) const { return std::chrono::milliseconds(integer(key)); }

  void set(std::string key, Value value, Origin origin = {}) {
    values_.insert_or_assign(std::move(key), Entry{std::move(value), std::move(origin)});
  }
  const Value* find(std::string_view key) const;
  Origin origin(std::string_view key) const;

  // What was set is no value of that key and was reported; the default stands in.
  void refuse(std::string key) { refused_.insert(std::move(key)); }
  bool is_refused(std::string_view key) const { return refused_.contains(key); }

 private:
  struct Entry {
    Value value;
    Origin origin;
  };
  std::map<std::string, Entry, std::less<>> values_;
  std::set<std::string, std::less<>> refused_;
};

struct TableValues {
  std::string section;  // "upstream"
  Values values;
  int line = 0;  // of its [[upstream]] header
};

struct Settings {
  std::string file;  // "" for none
  Values values;
  std::vector<TableValues> tables;  // of all table lists, in the order of the file within each

  std::vector<const TableValues*> tables_of(std::string_view section) const;
};

// "section.key" of the settings whose value the environment gave.
std::vector<std::string> keys_from_environment(const Settings& settings);

// "section.key" of the settings that differ and need a restart to take effect; "upstream" when any of those changed.
std::vector<std::string> changes_that_need_a_restart(const Settings& before, const Settings& after);

}  // namespace pharos::config
