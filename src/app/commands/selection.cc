#include "app/commands/selection.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <limits>

#include <fmt/format.h>

#include "app/filter_text.h"

namespace pharos::app {
namespace {

constexpr UnixSeconds kNever = std::numeric_limits<UnixSeconds>::max();

// Narrows an inclusive bound.
void narrow(std::optional<UnixSeconds>& bound, UnixSeconds by, bool lower) {
  if (!bound)
    bound = by;
  else
    bound = lower ? std::max(*bound, by) : std::min(*bound, by);
}

}  // namespace

void Selection::add_options(CLI::App& command) {
  command.add_option("--filter", filters_, "NIP-01 filter as JSON; several are alternatives");
  command.add_option("--since", since_, "Earliest created_at: unix seconds or a UTC date such as 2026-01-31");
  command.add_option("--until", until_, "Latest created_at, inclusive; a date means its last second");
}

Result<std::vector<Filter>, std::string> Selection::filters() const {
  std::vector<Filter> parsed;
  for (std::size_t i = 0; i < filters_.size(); ++i) {
    auto filter = read_filter(filters_[i]);
    if (!filter) {
      const std::string which = filters_.size() == 1 ? "" : " " + std::to_string(i + 1);
      return failure("--filter" + which + ": " + filter.error());
    }
    parsed.push_back(std::move(filter).value());
  }
  if (parsed.empty()) parsed.emplace_back();
  for (const auto& [name, text, lower] : {std::tuple{"--since", &since_, true}, {"--until", &until_, false}}) {
    if (text->empty()) continue;
    const auto time = parse_time(*text, lower ? DayBound::first_second : DayBound::last_second);
    if (!time) return failure(std::string(name) + " " + *text + ": neither unix seconds nor a date such as 2026-01-31");
    for (Filter& filter : parsed) narrow(lower ? filter.since : filter.until, *time, lower);
  }
  const Filter first = parsed.front();
  std::erase_if(parsed, [](const Filter& filter) { return filter.since.value_or(0) > filter.until.value_or(kNever); });
  if (parsed.empty())
    return failure(fmt::format("nothing can match: since ({}) is later than until ({})", *first.since, *first.until));
  return success(std::move(parsed));
}

std::optional<UnixSeconds> parse_time(const std::string& text, DayBound day_bound) {
  UnixSeconds seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc() && end == text.data() + text.size() && seconds >= 0) return seconds;
  constexpr UnixSeconds kToLastSecond = 24 * 60 * 60 - 1;
  const UnixSeconds added = day_bound == DayBound::last_second ? kToLastSecond : 0;
  for (const auto& [format, later] : {std::pair{"%Y-%m-%d", added}, {"%Y-%m-%dT%H:%M:%SZ", 0}}) {
    std::tm parts{};
    const char* rest = ::strptime(text.c_str(), format, &parts);
    if (rest == nullptr || *rest != '\0') continue;
    const int day = parts.tm_mday;
    const std::time_t time = ::timegm(&parts);
    // timegm takes 30 February for 2 March.
    if (parts.tm_mday == day && time >= 0) return static_cast<UnixSeconds>(time) + later;
  }
  return std::nullopt;
}

}  // namespace pharos::app
