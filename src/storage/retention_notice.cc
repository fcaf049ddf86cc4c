#include "storage/retention_notice.h"

#include <algorithm>
#include <utility>

namespace pharos::storage {
namespace {

std::string meaning(const RetentionRule& rule) {
  std::string text;
  for (const Filter& filter : rule.filters) {
    append_filter_json(text, filter);
    text += '\n';
  }
  for (const std::uint64_t bound :
       {static_cast<std::uint64_t>(rule.max_age.count()), static_cast<std::uint64_t>(rule.max_events),
        static_cast<std::uint64_t>(rule.max_events_per_author)}) {
    text.append(std::to_string(bound)).append(" ");
  }
  return text;
}

}  // namespace

RetentionNotice::Waiting RetentionNotice::take(const RetentionRules& rules, std::uint64_t max_size_bytes,
                                               SteadyTime now, Duration pause) {
  Waiting waiting;
  std::set<std::string> keeps;
  for (const RetentionRule& rule : rules) {
    if (rule.keep) keeps.insert(meaning(rule));
  }
  const bool keeps_less = !std::ranges::includes(keeps, keeps_);
  const SteadyTime later = now + pause;
  std::map<std::string, SteadyTime> from;
  for (const RetentionRule& rule : rules) {
    if (rule.keep) continue;
    std::string text = meaning(rule);
    const auto known = from_.find(text);
    // What waits already does not wait longer, or a list that is changed often would keep everything for ever.
    const bool has_notice = known != from_.end() && (!keeps_less || known->second > now);
    if (has_taken_ && !has_notice) waiting.rules.push_back(rule);
    const SteadyTime at_once = SteadyTime::min();
    from.insert_or_assign(std::move(text), !has_taken_ ? at_once : has_notice ? std::min(known->second, later) : later);
  }
  const bool is_less = max_size_bytes > 0 && (max_size_bytes_ == 0 || max_size_bytes < max_size_bytes_ || keeps_less);
  const bool waits_already = max_size_bytes >= max_size_bytes_ && max_size_bytes_ > 0 && size_from_ > now;
  waiting.size = has_taken_ && is_less && !waits_already;
  size_from_ = waiting.size ? later : std::min(size_from_, later);
  max_size_bytes_ = max_size_bytes;
  from_ = std::move(from);
  keeps_ = std::move(keeps);
  has_taken_ = true;
  return waiting;
}

bool RetentionNotice::may_erase(const RetentionRule& rule, SteadyTime now) const {
  const auto known = from_.find(meaning(rule));
  return known != from_.end() && now >= known->second;
}

}  // namespace pharos::storage
