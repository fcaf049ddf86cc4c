// Structured, quiet logging: a component, a constant message, and named fields.
//
//   log::warn("router", "upstream refused the subscription", {{"upstream", name}, {"reason", reason}});
//
// Any thread. Values are escaped (control bytes, quotes), so a peer cannot forge a line. Event content never goes to
// the log at info or above.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

namespace pharos::log {

enum class Level { debug, info, warn, error, off };
enum class Format {
  text,     // 2026-11-21T04:25:24.123Z info router: message key=value
  json,     // one object a line
  journal,  // text without the time, with the <N> priority prefix that journald reads
};

class Field {
 public:
  Field(std::string_view key, std::string_view value) : key_(key), value_(value) {}
  Field(std::string_view key, const std::string& value) : key_(key), value_(value) {}
  Field(std::string_view key, const char* value) : key_(key), value_(value) {}
  Field(std::string_view key, double value);
  template <class T>
  requires std::is_integral_v<T> Field(std::string_view key, T value)
      : key_(key), owned_(number(value)), is_number_(true) {}

  std::string_view key() const { return key_; }
  std::string_view value() const { return owned_.empty() ? value_ : std::string_view(owned_); }
  bool is_number() const { return is_number_; }

 private:
  template <class T>
  static std::string number(T value) {
    if constexpr (std::is_same_v<T, bool>)
      return value ? "true" : "false";
    else
      return std::to_string(value);
  }

  std::string_view key_;
  std::string_view value_;
  std::string owned_;
  bool is_number_ = false;
};

using Fields = std::initializer_list<Field>;

// Both may be called again, for example on reload.
void configure(Level level, Format format);
Level level();

void write(Level level, std::string_view component, std::string_view message, Fields fields = {});

inline void debug(std::string_view component, std::string_view message, Fields fields = {}) {
  if (level() <= Level::debug) write(Level::debug, component, message, fields);
}
inline void info(std::string_view component, std::string_view message, Fields fields = {}) {
  if (level() <= Level::info) write(Level::info, component, message, fields);
}
inline void warn(std::string_view component, std::string_view message, Fields fields = {}) {
  if (level() <= Level::warn) write(Level::warn, component, message, fields);
}
inline void error(std::string_view component, std::string_view message, Fields fields = {}) {
  if (level() <= Level::error) write(Level::error, component, message, fields);
}

// The line as it would be written, for tests.
std::string render(Level level, Format format, std::string_view component, std::string_view message, Fields fields,
                   std::int64_t unix_milliseconds);

}  // namespace pharos::log
