#include "util/log.h"

#include <atomic>
#include <chrono>
#include <cmath>
#include <iterator>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace pharos::log {
namespace {

std::atomic<Level> current_level{Level::info};
std::atomic<Format> current_format{Format::text};

spdlog::logger& sink() {
  // Lives until the process ends: threads may log while statics are torn down.
  static auto* logger = [] {
    auto* made = new spdlog::logger("pharos", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->set_level(spdlog::level::trace);
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *logger;
}

std::string_view level_name(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warn:
      return "warn";
    case Level::error:
      return "error";
    case Level::off:
      break;
  }
  return "off";
}

int journal_priority(Level level) {
  switch (level) {
    case Level::debug:
      return 7;
    case Level::info:
      return 6;
    case Level::warn:
      return 4;
    default:
      return 3;
  }
}

using Out = std::back_insert_iterator<std::string>;

// The C1 controls U+0080..U+009F, which terminals obey as they do ESC, start with this byte in UTF-8.
constexpr char kC1Lead = '\xc2';

bool is_control(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x20 || byte == 0x7f) return true;
  return text[at] == kC1Lead && at + 1 < text.size() && (static_cast<unsigned char>(text[at + 1]) & 0xe0) == 0x80;
}

void append_escaped(std::string& out, std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (is_control(text, i)) {
      const char code = c == kC1Lead ? text[++i] : c;
      fmt::format_to(Out(out), "\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(code)));
    } else {
      out += c;
    }
  }
}

bool needs_quotes(std::string_view text) {
  if (text.empty()) return true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ' ' || c == '"' || c == '=' || c == '\\' || is_control(text, i)) return true;
  }
  return false;
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  append_escaped(out, text);
  out += '"';
}

void append_time(std::string& out, std::int64_t unix_milliseconds) {
  const std::time_t seconds = unix_milliseconds / 1000;
  fmt::format_to(Out(out), "{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds), unix_milliseconds % 1000);
}

std::string render_json(Level level, std::string_view component, std::string_view message, Fields fields,
                        std::int64_t unix_milliseconds) {
  std::string out = "{\"time\":\"";
  append_time(out, unix_milliseconds);
  fmt::format_to(Out(out), "\",\"level\":\"{}\",\"component\":\"{}\",\"message\":", level_name(level), component);
  append_quoted(out, message);
  for (const Field& field : fields) {
    fmt::format_to(Out(out), ",\"{}\":", field.key());
    if (field.is_number())
      out += field.value();
    else
      append_quoted(out, field.value());
  }
  out += '}';
  return out;
}

}  // namespace

Field::Field(std::string_view key, double value)
    : key_(key), owned_(fmt::format("{}", value)), is_number_(std::isfinite(value)) {}

void configure(Level level, Format format) {
  current_level = level;
  current_format = format;
}

Level level() { return current_level.load(std::memory_order_relaxed); }

std::string render(Level level, Format format, std::string_view component, std::string_view message, Fields fields,
                   std::int64_t unix_milliseconds) {
  if (format == Format::json) return render_json(level, component, message, fields, unix_milliseconds);
  std::string out;
  if (format == Format::journal) {
    fmt::format_to(Out(out), "<{}>", journal_priority(level));
  } else {
    append_time(out, unix_milliseconds);
    fmt::format_to(Out(out), " {} ", level_name(level));
  }
  fmt::format_to(Out(out), "{}: ", component);
  append_escaped(out, message);
  for (const Field& field : fields) {
    fmt::format_to(Out(out), " {}=", field.key());
    if (needs_quotes(field.value()))
      append_quoted(out, field.value());
    else
      out += field.value();
  }
  return out;
}

void write(Level level, std::string_view component, std::string_view message, Fields fields) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  sink().log(spdlog::level::info, "{}",
             render(level, current_format.load(std::memory_order_relaxed), component, message, fields, milliseconds));
}

}  // namespace pharos::log
