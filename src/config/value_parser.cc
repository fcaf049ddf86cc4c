#include "config/value_parser.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace pharos::config {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

constexpr std::array kDurations{Unit{"ms", 1}, Unit{"s", 1'000}, Unit{"m", 60'000}, Unit{"h", 3'600'000},
                                Unit{"d", 86'400'000}};
constexpr std::array kSizes{Unit{"", 1}, Unit{"KiB", std::int64_t{1} << 10}, Unit{"MiB", std::int64_t{1} << 20},
                            Unit{"GiB", std::int64_t{1} << 30}, Unit{"TiB", std::int64_t{1} << 40}};

template <std::size_t N>
std::optional<std::int64_t> parse_with_unit(std::string_view text, const std::array<Unit, N>& units) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const Unit& known : units) {
    if (known.name != unit) continue;
    std::int64_t product = 0;
    if (__builtin_mul_overflow(number, known.factor, &product)) return std::nullopt;
    return product;
  }
  return std::nullopt;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

constexpr std::array kPeriods{Unit{"s", 1}, Unit{"min", 60}, Unit{"h", 3'600}, Unit{"d", 86'400}};
// More a second than any machine moves; bounds what is computed with it.
constexpr std::int64_t kMostTokens = std::int64_t{1} << 50;

std::optional<std::int64_t> parse_tokens(std::string_view text, bool sizes) {
  const auto number = sizes ? parse_with_unit(text, kSizes) : parse_integer(text);
  if (!number || *number < 1 || *number > kMostTokens) return std::nullopt;
  return number;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t at = text.find(separator);
    std::string_view part = text.substr(0, at);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (!part.empty()) parts.emplace_back(part);
    text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
  }
  return parts;
}

// The limits of a setting in its own unit, for people.
std::string in_unit(const Setting& setting, double number) {
  const auto whole = static_cast<std::int64_t>(number);
  const auto shorten = [&](const auto& units) {
    for (std::size_t i = units.size(); i-- > 0;) {
      if (whole % units[i].factor == 0 && whole >= units[i].factor) {
        return std::to_string(whole / units[i].factor) + std::string(units[i].name);
      }
    }
    return std::to_string(whole) + std::string(units[0].name);
  };
  if (setting.type == Type::duration) return shorten(kDurations);
  if (setting.type == Type::bytes) return shorten(kSizes);
  if (setting.type == Type::real && number != std::floor(number)) {
    std::string text = std::to_string(number);
    while (text.back() == '0') text.pop_back();
    return text;
  }
  return std::to_string(whole);
}

}  // namespace

std::optional<std::int64_t> parse_duration(std::string_view text) { return parse_with_unit(text, kDurations); }
std::optional<std::int64_t> parse_bytes(std::string_view text) { return parse_with_unit(text, kSizes); }

std::optional<Rate> parse_rate(std::string_view text, bool sizes) {
  if (text.empty() || text == "off") return Rate{};
  constexpr std::string_view kBurst = " burst ";
  const std::size_t burst_at = text.find(kBurst);
  const std::string_view amount = text.substr(0, burst_at);
  const std::size_t slash = amount.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto tokens = parse_tokens(amount.substr(0, slash), sizes);
  const auto period = std::ranges::find(kPeriods, amount.substr(slash + 1), &Unit::name);
  if (!tokens || period == kPeriods.end()) return std::nullopt;
  const auto burst =
      burst_at == std::string_view::npos ? tokens : parse_tokens(text.substr(burst_at + kBurst.size()), sizes);
  if (!burst) return std::nullopt;
  return Rate{static_cast<std::uint64_t>(*tokens), std::chrono::seconds(period->factor),
              static_cast<std::uint64_t>(*burst)};
}

std::optional<KindSpan> parse_kind_span(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto number = [](std::string_view digits) -> std::optional<std::uint16_t> {
    std::uint16_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    const bool leads_with_zero = digits.size() > 1 && digits.front() == '0';
    if (error != std::errc() || end != digits.data() + digits.size() || leads_with_zero) return std::nullopt;
    return value;
  };
  const auto first = number(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : number(text.substr(dash + 1));
  if (!first || !last || *first > *last) return std::nullopt;
  return KindSpan{*first, *last};
}

std::string expectation(const Setting& setting) {
  switch (setting.type) {
    case Type::boolean:
      return "true or false";
    case Type::integer:
      return "a whole number";
    case Type::real:
      return "a number";
    case Type::text:
      return "a text in quotes";
    case Type::choice:
      return "one of: " + std::string(setting.choices);
    case Type::duration:
      return "a duration such as \"500ms\", \"30s\", \"15m\", \"2h\" or \"7d\"";
    case Type::bytes:
      return "a size such as \"64KiB\", \"16MiB\" or \"1TiB\"";
    case Type::text_list:
      return "a list of texts in quotes";
    case Type::integer_list:
      return "a list of whole numbers";
    case Type::filter_list:
      return "a list of filters, each JSON in quotes or an inline table such as { kinds = [1] }";
    case Type::kind_list:
      return "a list of kinds, 0 to 65535, and ranges of them such as [3, \"10000-19999\"]";
    case Type::rate:
      return "a rate such as \"600/min\" or \"20/s burst 400\", or \"off\"";
    case Type::byte_rate:
      return "a rate such as \"2MiB/s\" or \"2MiB/s burst 32MiB\", or \"off\"";
  }
  return {};
}

Result<Value, std::string> parse_environment_value(const Setting& setting, std::string_view text) {
  const auto parsed = [&]() -> std::optional<Value> {
    switch (setting.type) {
      case Type::boolean:
        if (text == "true") return Value(true);
        if (text == "false") return Value(false);
        return std::nullopt;
      case Type::integer:
        if (const auto number = parse_integer(text)) return Value(*number);
        return std::nullopt;
      case Type::real: {
        double number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
        return Value(number);
      }
      case Type::text:
      case Type::choice:
        return Value(std::string(text));
      case Type::duration:
        if (const auto number = parse_duration(text)) return Value(*number);
        return std::nullopt;
      case Type::bytes:
        if (const auto number = parse_bytes(text)) return Value(*number);
        return std::nullopt;
      case Type::text_list:
        return Value(split(text, ','));
      case Type::integer_list: {
        std::vector<std::string> items = split(text, ',');
        for (const std::string& item : items) {
          if (!parse_integer(item)) return std::nullopt;
        }
        return Value(std::move(items));
      }
      case Type::filter_list:
      case Type::kind_list:
        return std::nullopt;  // tables have no environment form
      case Type::rate:
      case Type::byte_rate:
        if (const auto rate = parse_rate(text, setting.type == Type::byte_rate)) return Value(*rate);
        return std::nullopt;
    }
    return std::nullopt;
  }();
  if (!parsed) return failure("expected " + expectation(setting));
  return success(*parsed);
}

Result<void, std::string> check_value(const Setting& setting, const Value& value) {
  const auto check_range = [&setting](double number) -> Result<void, std::string> {
    // So that nan is outside too.
    if (number >= setting.minimum && number <= setting.maximum) return success();
    return failure("out of range: " + in_unit(setting, setting.minimum) + " to " + in_unit(setting, setting.maximum));
  };
  if (const auto* items = std::get_if<std::vector<std::string>>(&value); items && setting.type == Type::integer_list) {
    for (const std::string& item : *items) {
      PHAROS_TRYV(check_range(static_cast<double>(parse_integer(item).value_or(-1))));
    }
    return success();
  }
  double number = 0;
  if (const auto* whole = std::get_if<std::int64_t>(&value))
    number = static_cast<double>(*whole);
  else if (const auto* real = std::get_if<double>(&value))
    number = *real;
  else {
    const auto* text = std::get_if<std::string>(&value);
    if (setting.type != Type::choice || text == nullptr) return success();
    for (const std::string& choice : split(setting.choices, ' ')) {
      if (*text == choice) return success();
    }
    return failure("expected " + expectation(setting));
  }
  return check_range(number);
}

}  // namespace pharos::config
