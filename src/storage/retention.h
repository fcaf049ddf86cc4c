// Rules for what is kept and for how long: which events they erase, and what that would come to.
//
// An event goes when any rule says so and no rule keeps it. Deletion requests and requests to vanish keep their effect
// when they go. Pure but for the reading; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nostr/filter.h"
#include "storage/store.h"

namespace pharos::storage {

struct RetentionRule {
  std::string name;
  std::vector<Filter> filters;  // without limit
  bool keep = false;            // what they match stays, whatever other rules say; the bounds below are not looked at
  // Each bounds what the filters match, zero does not: older ones go, all but the newest, all but an author's newest.
  std::chrono::seconds max_age{0};
  std::size_t max_events = 0;
  std::size_t max_events_per_author = 0;
};
using RetentionRules = std::vector<RetentionRule>;

// True when the age that some rule allows is over and no rule keeps it.
bool is_outlived(const Event& event, const RetentionRules& rules, UnixSeconds now);

// True when a rule keeps it.
bool is_kept(const RecordView& record, const RetentionRules& rules);

// What a rule erases now; nullopt where it bounds nothing. `rules` are all of them, for those that keep. Where
// max_events_per_author is set a million authors are counted, in about 80 bytes each; others are left alone.
std::optional<Sweep> sweep_of(const RetentionRule& rule, const std::shared_ptr<const RetentionRules>& rules,
                              UnixSeconds now);

// What a rule would erase if it came first.
struct RetentionForecast {
  std::string rule;
  std::uint64_t events = 0;
  std::uint64_t bytes = 0;  // of their records, before compression and without indexes
  UnixSeconds oldest = 0;   // of events > 0
  UnixSeconds newest = 0;
  bool complete = true;  // false: the database could not be read to the end
};

// Called now and then with how many would go so far; false ends the reading.
using ForecastProgress = std::function<bool(std::uint64_t)>;

// nullopt for a rule that bounds nothing. Reads all that it matches. `rules` as for sweep_of().
std::optional<RetentionForecast> forecast_rule(const Store& store, const RetentionRule& rule,
                                               const std::shared_ptr<const RetentionRules>& rules, const Clock& clock,
                                               const ForecastProgress& progress);

// For each rule that bounds something.
std::vector<RetentionForecast> forecast_retention(const Store& store,
                                                  const std::shared_ptr<const RetentionRules>& rules,
                                                  const Clock& clock, const ForecastProgress& progress);

}  // namespace pharos::storage
