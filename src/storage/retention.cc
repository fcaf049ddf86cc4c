#include "storage/retention.h"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "storage/sweeper.h"

namespace pharos::storage {
namespace {

constexpr UnixSeconds kBeforeAll = std::numeric_limits<UnixSeconds>::min();
constexpr std::chrono::milliseconds kSlice{20};

bool is_older(UnixSeconds created_at, std::chrono::seconds age, UnixSeconds now) {
  return created_at < now - age.count();
}

template <class EventOrRecord>
bool matches_any(const RetentionRule& rule, const EventOrRecord& event) {
  return std::ranges::any_of(rule.filters, [&](const Filter& filter) {
    if constexpr (std::is_same_v<EventOrRecord, Event>) {
      return matches(filter, event);
    } else {
      return event.matches(filter);
    }
  });
}

template <class EventOrRecord>
bool is_kept_by_rules(const EventOrRecord& event, const RetentionRules& rules) {
  return std::ranges::any_of(rules, [&](const RetentionRule& rule) { return rule.keep && matches_any(rule, event); });
}

// Told of every event that the rule's filters match, newest first.
class Bounds {
 public:
  static constexpr std::size_t kMaxAuthors = 1'000'000;

  Bounds(const RetentionRule& rule, UnixSeconds now)
      : max_age_(rule.max_age), max_events_(rule.max_events), max_per_author_(rule.max_events_per_author), now_(now) {}

  bool is_within(const RecordView& record) {
    if (max_age_.count() > 0 && is_older(record.created_at(), max_age_, now_)) return false;
    if (max_events_ > 0 && ++seen_ > max_events_) return false;
    return max_per_author_ == 0 || is_among_newest_of_author(record.pubkey());
  }

 private:
 private:
  bool is_among_newest_of_author(const PublicKey& author) {
    if (of_author_.size() >= kMaxAuthors && !of_author_.contains(author)) return true;
    return ++of_author_[author] <= max_per_author_;
  }

  std::chrono::seconds max_age_;
  std::size_t max_events_;
  std::size_t max_per_author_;
  UnixSeconds now_;
  std::size_t seen_ = 0;
  std::unordered_map<PublicKey, std::size_t> of_author_;
};

}  // namespace

bool is_outlived(const Event& event, const RetentionRules& rules, UnixSeconds now) {
  const bool is_over = std::ranges::any_of(rules, [&](const RetentionRule& rule) {
    return !rule.keep && rule.max_age.count() > 0 && is_older(event.created_at, rule.max_age, now) &&
           matches_any(rule, event);
  });
  return is_over && !is_kept_by_rules(event, rules);
}

bool is_kept(const RecordView& record, const RetentionRules& rules) { return is_kept_by_rules(record, rules); }

std::optional<Sweep> sweep_of(const RetentionRule& rule, const std::shared_ptr<const RetentionRules>& rules,
                              UnixSeconds now) {
  const bool counts = rule.max_events > 0 || rule.max_events_per_author > 0;
  if (rule.keep || (!counts && rule.max_age.count() == 0)) return std::nullopt;
  Sweep sweep;
  sweep.cause = EraseCause::retention;
  sweep.filters = rule.filters;
  if (!counts) {
    // The events within the bound need not be read.
    const UnixSeconds newest = now - rule.max_age.count() - 1;
    for (Filter& filter : sweep.filters) filter.until = std::min(filter.until.value_or(newest), newest);
  }
  sweep.spares = [rules, bounds = std::make_shared<Bounds>(rule, now)](const RecordView& record) {
    return bounds->is_within(record) || is_kept(record, *rules);
  };
  return sweep;
}

std::optional<RetentionForecast> forecast_rule(const Store& store, const RetentionRule& rule,
                                               const std::shared_ptr<const RetentionRules>& rules, const Clock& clock,
                                               const ForecastProgress& progress) {
  const auto sweep = sweep_of(rule, rules, clock.unix_now());
  if (!sweep) return std::nullopt;
  RetentionForecast forecast;
  forecast.rule = rule.name;
  Query query(sweep->filters, unlimited_query(*sweep));
  SliceEnd end = SliceEnd::more;
  while (end == SliceEnd::more && progress(forecast.events)) {
    TimeBudget budget(clock, kSlice, std::numeric_limits<std::size_t>::max());
    end = query.run_slice(store, kBeforeAll, budget, [&](const RecordView& record) {
      if (forecast.events == 0) forecast.newest = record.created_at();
      forecast.oldest = record.created_at();
      ++forecast.events;
      forecast.bytes += record.bytes().size();
      return true;
    });
  }
  forecast.complete = end == SliceEnd::finished;
  return forecast;
}

std::vector<RetentionForecast> forecast_retention(const Store& store,
                                                  const std::shared_ptr<const RetentionRules>& rules,
                                                  const Clock& clock, const ForecastProgress& progress) {
  std::vector<RetentionForecast> forecasts;
  std::uint64_t before = 0;
  for (const RetentionRule& rule : *rules) {
    auto forecast =
        forecast_rule(store, rule, rules, clock, [&](std::uint64_t events) { return progress(before + events); });
    if (!forecast) continue;
    before += forecast->events;
    forecasts.push_back(std::move(*forecast));
  }
  return forecasts;
}

}  // namespace pharos::storage
