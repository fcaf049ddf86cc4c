#define TOML_EXCEPTIONS 0
// The parser asserts what a file can break ("[[[a]]"), and reports it as an error where it is not stopped by that.
#define TOML_ASSERT(condition) static_assert(true)
#include "config/loader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <map>
#include <set>
#include <sstream>

#include <fcntl.h>
#include <toml++/toml.h>
#include <unistd.h>

#include "config/nearest.h"
#include "config/toml_text.h"
#include "config/value_parser.h"
#include "util/check.h"

namespace pharos::config {
namespace {

constexpr std::string_view kPrefix = "PHAROS_";
constexpr std::size_t kMaxFileBytes = 16U << 20U;

int line_of(const toml::node& node) { return static_cast<int>(node.source().begin.line); }

// On one line. The formatter makes many, indented; inside of texts it writes no line ends.
std::string to_json(const toml::table& table) {
  std::ostringstream out;
  out << toml::json_formatter(table, toml::format_flags::none);
  std::string one_line;
  bool is_margin = false;
  for (const char c : std::move(out).str()) {
    if (c == '\n') is_margin = true;
    if (is_margin && (c == '\n' || c == ' ' || c == '\t')) continue;
    is_margin = false;
    one_line += c;
  }
  return one_line;
}

// The value of a node when it has the type of the setting.
std::optional<Value> value_of(const Setting& setting, const toml::node& node) {
  switch (setting.type) {
    case Type::boolean:
      if (const auto* value = node.as_boolean()) return Value(value->get());
      return std::nullopt;
    case Type::integer:
      if (const auto* value = node.as_integer()) return Value(value->get());
      return std::nullopt;
    case Type::real:
      if (const auto* value = node.as_floating_point()) return Value(value->get());
      if (const auto* value = node.as_integer()) return Value(static_cast<double>(value->get()));
      return std::nullopt;
    case Type::text:
    case Type::choice:
      if (const auto* value = node.as_string()) return Value(value->get());
      return std::nullopt;
    case Type::duration:
      if (const auto* value = node.as_string()) {
        if (const auto number = parse_duration(value->get())) return Value(*number);
      }
      return std::nullopt;
    case Type::bytes:
      if (const auto* value = node.as_integer()) return Value(value->get());
      if (const auto* value = node.as_string()) {
        if (const auto number = parse_bytes(value->get())) return Value(*number);
      }
      return std::nullopt;
    case Type::text_list:
    case Type::integer_list:
    case Type::kind_list:
    case Type::filter_list: {
      const auto* array = node.as_array();
      if (array == nullptr) return std::nullopt;
      std::vector<std::string> items;
      for (const toml::node& item : *array) {
        const auto* text = item.as_string();
        const auto* number = item.as_integer();
        const bool takes_numbers = setting.type == Type::integer_list || setting.type == Type::kind_list;
        if (number != nullptr && takes_numbers)
          items.push_back(std::to_string(number->get()));
        else if (text != nullptr && setting.type != Type::integer_list)
          items.push_back(text->get());
        else if (const auto* table = item.as_table(); table != nullptr && setting.type == Type::filter_list)
          items.push_back(to_json(*table));
        else
          return std::nullopt;
      }
      const auto is_span = [](const std::string& item) { return parse_kind_span(item).has_value(); };
      if (setting.type == Type::kind_list && !std::ranges::all_of(items, is_span)) return std::nullopt;
      return Value(std::move(items));
    }
    case Type::rate:
    case Type::byte_rate:
      if (const auto* value = node.as_string()) {
        if (const auto rate = parse_rate(value->get(), setting.type == Type::byte_rate)) return Value(*rate);
      }
      return std::nullopt;
  }
  return std::nullopt;
}

Value parsed_default(const Setting& setting) {
  const toml::parse_result parsed = toml::parse("x = " + std::string(setting.default_toml));
  PHAROS_FATAL_CHECK(parsed.succeeded());
  auto value = value_of(setting, *parsed.table().get("x"));
  PHAROS_FATAL_CHECK(value.has_value() && check_value(setting, *value).has_value());
  return std::move(*value);
}

const Value& default_of(const Setting& setting) {
  static const std::map<const Setting*, Value> all = [] {
    std::map<const Setting*, Value> values;
    for (const Setting& one : settings_table()) values.emplace(&one, parsed_default(one));
    for (const TableList& list : table_lists()) {
      for (const Setting& one : list.table) values.emplace(&one, parsed_default(one));
    }
    return values;
  }();
  return all.at(&setting);
}

std::vector<std::string_view> keys_of(std::span<const Setting> table, std::string_view section) {
  std::vector<std::string_view> keys;
  for (const Setting& setting : table) {
    if (setting.section == section) keys.push_back(setting.key);
  }
  return keys;
}

std::vector<std::string> words_of(std::string_view text) {
  std::istringstream in{std::string(text)};
  return {std::istream_iterator<std::string>(in), {}};
}

// "PHAROS_RELAY_LISTEN" of "PHAROS_RELAY__LISTEN".
std::string with_one_underscore(std::string name) {
  if (const std::size_t at = name.find("__"); at != std::string::npos) name.erase(at, 1);
  return name;
}

// The file's bytes, or the errno. Streams would throw where the path is a directory.
Result<std::string, int> read_file(const std::string& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  std::string text;
  char buffer[16 * 1024];
  ssize_t got = 0;
  while ((got = ::read(fd, buffer, sizeof buffer)) > 0 && text.size() <= kMaxFileBytes)
    text.append(buffer, static_cast<std::size_t>(got));
  const int error = errno;
  ::close(fd);
  if (got < 0) return error;
  if (got > 0) return EFBIG;
  return text;
}

std::string hint(std::string_view word, const std::vector<std::string_view>& known) {
  const auto nearest = nearest_word(word, known);
  return nearest ? ", did you mean " + std::string(*nearest) + "?" : std::string();
}

// The header of a table may stand in the file once, and toml++ names the second one only.
std::string first_heading(std::string_view text, std::string_view complaint) {
  constexpr std::string_view kTwice = "cannot redefine existing table '";
  const std::size_t at = complaint.find(kTwice);
  if (at == std::string_view::npos) return {};
  complaint.remove_prefix(at + kTwice.size());
  const std::string heading = "[" + std::string(complaint.substr(0, complaint.find('\''))) + "]";
  for (int line = 1; !text.empty(); ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view words = text.substr(0, end);
    if (words.substr(std::min(words.find_first_not_of(" \t"), words.size())).starts_with(heading))
      return "; " + heading + " stands on line " + std::to_string(line) + " already, put the keys there";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return {};
}

class Loader {
 public:
  Loader(std::string file, const Environment& environment) : file_(std::move(file)), environment_(environment) {
    settings_.file = file_;
    for (const Setting& setting : settings_table()) {
      sections_.insert(setting.section);
      settings_.values.set(full_key(setting), default_of(setting));
    }
  }

  void read(std::string_view text) {
    if (const auto line = line_with_stray_character(text)) {
      add(*line, "", "a character outside ASCII stands where none may: put names and values that have one in quotes");
      complete_ = false;
      return;
    }
    const toml::parse_result parsed = toml::parse(text);
    if (!parsed) {
      const std::string_view complaint = parsed.error().description();
      add(static_cast<int>(parsed.error().source().begin.line), "",
          std::string(complaint) + first_heading(text, complaint));
      complete_ = false;
      return;
    }
    for (const auto& [name, node] : parsed.table()) {
      const TableList* list = nullptr;
      for (const TableList& candidate : table_lists()) {
        if (candidate.section == name.str()) list = &candidate;
      }
      list != nullptr ? read_tables(*list, node) : read_section(name.str(), node);
    }
  }

  void read_environment() {
    std::map<std::string, const Setting*> known;
    std::map<std::string, std::string> mistyped;  // as it is easily written -> as it is meant
    for (const Setting& setting : settings_table()) {
      const std::string name = environment_name(setting);
      known.emplace(name, &setting);
      mistyped.emplace(with_one_underscore(name), name);
    }
    for (const auto& [name, text] : environment_) {
      if (!name.starts_with(kPrefix)) continue;
      if (name.find("__") == std::string::npos) {
        // Other names are left alone: container platforms make variables such as PHAROS_RELAY_PORT of their own.
        if (const auto meant = mistyped.find(name); meant != mistyped.end())
          errors_.push_back({name, 0, "", "two underscores behind the section: " + meant->second});
        continue;
      }
      const auto found = known.find(name);
      if (found == known.end()) {
        std::vector<std::string_view> names;
        for (const auto& [known_name, setting] : known) names.push_back(known_name);
        errors_.push_back({name, 0, "", "unknown setting" + hint(name, names)});
        continue;
      }
      const Setting& setting = *found->second;
      auto value = parse_environment_value(setting, text);
      if (!value) {
        refuse(name, setting, value.error());
        continue;
      }
      if (const auto fine = check_value(setting, value.value()); !fine) {
        refuse(name, setting, fine.error());
        continue;
      }
      settings_.values.set(full_key(setting), std::move(value).value(), {name, 0});
    }
  }

  Reading finish() { return {std::move(settings_), std::move(errors_), complete_}; }

  void add(int line, std::string key, std::string message) {
    errors_.push_back({file_, line, std::move(key), std::move(message)});
  }

 private:
  static std::string full_key(const Setting& setting) {
    return std::string(setting.section) + "." + std::string(setting.key);
  }

  void refuse(const std::string& variable, const Setting& setting, std::string message) {
    errors_.push_back({variable, 0, full_key(setting), std::move(message)});
    settings_.values.refuse(full_key(setting));
  }

  // A key above the first heading.
  void refuse_stray(std::string_view key, const toml::node& node) {
    std::vector<std::string_view> keys;
    for (const Setting& setting : settings_table()) keys.push_back(setting.key);
    for (const TableList& list : table_lists())
      std::ranges::copy(keys_of(list.table, list.section), std::back_inserter(keys));
    const auto nearest = nearest_word(key, keys);
    std::string message = "a key above all sections";
    if (nearest && *nearest == key)
      message += ", put it under " + headings(key);
    else if (nearest)
      message += ", did you mean " + std::string(*nearest) + " under " + headings(*nearest) + "?";
    add(line_of(node), std::string(key), std::move(message));
  }

  // "[relay] or [admin]": those that have the key.
  static std::string headings(std::string_view key) {
    std::string out;
    const auto append = [&out](const std::string& heading) { out += (out.empty() ? "" : " or ") + heading; };
    for (const Setting& setting : settings_table()) {
      if (setting.key == key) append("[" + std::string(setting.section) + "]");
    }
    for (const TableList& list : table_lists()) {
      if (std::ranges::any_of(list.table, [&](const Setting& setting) { return setting.key == key; }))
        append("[[" + std::string(list.section) + "]]");
    }
    return out;
  }

  void read_section(std::string_view section, const toml::node& node) {
    if (!sections_.contains(section) && !node.is_table() && !node.is_array_of_tables())
      return refuse_stray(section, node);
    if (!sections_.contains(section)) {
      std::vector<std::string_view> known(sections_.begin(), sections_.end());
      for (const TableList& list : table_lists()) known.push_back(list.section);
      add(line_of(node), std::string(section), "unknown section" + hint(section, known));
      return;
    }
    const auto* table = node.as_table();
    if (table == nullptr) {
      add(line_of(node), std::string(section), "expected a table: [" + std::string(section) + "]");
      return;
    }
    read_table(settings_table(), section, *table, std::string(section) + ".", settings_.values);
  }

  void read_table(std::span<const Setting> known, std::string_view section, const toml::table& table,
                  const std::string& prefix, Values& values) {
    for (const auto& [name, node] : table) {
      const Setting* setting = nullptr;
      for (const Setting& candidate : known) {
        if (candidate.section == section && candidate.key == name.str()) setting = &candidate;
      }
      const std::string key = std::string(section) + "." + std::string(name.str());
      if (setting == nullptr) {
        add(line_of(node), key, "unknown key" + hint(name.str(), keys_of(known, section)));
        continue;
      }
      const std::string stored_key = prefix + std::string(setting->key);
      auto value = value_of(*setting, node);
      if (!value) {
        add(line_of(node), key, "expected " + expectation(*setting));
        values.refuse(stored_key);
        continue;
      }
      if (const auto fine = check_value(*setting, *value); !fine) {
        add(line_of(node), key, fine.error());
        values.refuse(stored_key);
        continue;
      }
      values.set(stored_key, std::move(*value), {file_, line_of(node)});
    }
  }

  void read_tables(const TableList& list, const toml::node& node) {
    const std::string section(list.section);
    const auto* array = node.as_array();
    if (array == nullptr || !array->is_homogeneous(toml::node_type::table)) {
      add(line_of(node), section, "expected tables: [[" + section + "]]");
      return;
    }
    const std::vector<std::string> required = words_of(list.required);
    std::set<std::string> names;
    for (const toml::node& item : *array) {
      TableValues table;
      table.section = section;
      table.line = line_of(item);
      for (const Setting& setting : list.table) table.values.set(std::string(setting.key), default_of(setting));
      read_table(list.table, section, *item.as_table(), "", table.values);
      const std::string name = required.empty() ? std::string() : table.values.text(required.front());
      if (!name.empty() && !names.insert(name).second)
        add(table.line, section + "." + required.front(), "\"" + name + "\" is used twice");
      for (const std::string& key : required) require(table, key);
      settings_.tables.push_back(std::move(table));
    }
  }

  void require(TableValues& table, const std::string& key) {
    if (!table.values.text(key).empty() || table.values.is_refused(key)) return;
    add(table.line, table.section + "." + key, "every [[" + table.section + "]] needs a " + key);
    table.values.refuse(key);
  }

  std::string file_;
  const Environment& environment_;
  Settings settings_;
  std::set<std::string_view> sections_;
  std::vector<SettingError> errors_;
  bool complete_ = true;
};

}  // namespace

std::string SettingError::text() const {
  std::string out = file;
  if (line > 0) out += ":" + std::to_string(line);
  if (!key.empty()) out += ": " + key;
  return out + ": " + message;
}

Reading read_settings_text(std::string_view toml, const std::string& file, const Environment& environment) {
  Loader loader(file, environment);
  loader.read(toml);
  loader.read_environment();
  return loader.finish();
}

Result<Settings, std::vector<SettingError>> parse_settings(std::string_view toml, const std::string& file,
                                                           const Environment& environment) {
  Reading reading = read_settings_text(toml, file, environment);
  if (!reading.errors.empty()) return failure(std::move(reading.errors));
  return std::move(reading.settings);
}

Reading read_settings(const std::string& file, const Environment& environment) {
  if (file.empty()) return read_settings_text("", "", environment);
  const auto text = read_file(file);
  if (text) return read_settings_text(text.value(), file, environment);
  Reading nothing;
  nothing.errors.push_back({file, 0, "", std::string("cannot read: ") + std::strerror(text.error())});
  nothing.complete = false;
  return nothing;
}

SettingError error_at(const Settings& settings, std::string_view key, std::string message) {
  Origin origin = settings.values.origin(key);
  if (origin.file.empty()) origin.file = settings.file.empty() ? "settings" : settings.file;
  return {std::move(origin.file), origin.line, std::string(key), std::move(message)};
}

std::vector<std::string> unknown_variables(const Environment& environment) {
  std::vector<std::string> names;
  for (const Setting& setting : settings_table()) names.push_back(environment_name(setting));
  std::vector<std::string> out;
  for (const auto& [name, value] : environment) {
    if (!name.starts_with(kPrefix) || std::ranges::find(names, name) != names.end()) continue;
    out.push_back(name + " is no setting" + hint(name, {names.begin(), names.end()}));
  }
  return out;
}

Environment process_environment() {
  Environment found;
  for (char** entry = ::environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (!text.starts_with(kPrefix) || equals == std::string_view::npos) continue;
    found.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return found;
}

}  // namespace pharos::config
