#include "storage/retention_notice.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "nostr/sha256.h"
#include "util/bytes.h"
#include "util/hex.h"

namespace pharos::storage {
namespace {

std::string filter_json(const Filter& filter) {
  std::string text;
  append_filter_json(text, filter);
  return text;
}

// A rule of many authors is long.
std::string meaning(const RetentionRule& rule) {
  std::string text;
  for (const Filter& filter : rule.filters) text.append(filter_json(filter)).append("\n");
  for (const std::uint64_t bound :
       {static_cast<std::uint64_t>(rule.max_age.count()), static_cast<std::uint64_t>(rule.max_events),
        static_cast<std::uint64_t>(rule.max_events_per_author)}) {
    text.append(std::to_string(bound)).append(" ");
  }
  return to_hex(sha256(as_bytes(text)));
}

bool is_stricter(std::uint64_t bound, std::uint64_t than) { return bound > 0 && (than == 0 || bound < than); }

// What stands before the mark, which goes too; all of it where there is none.
std::string_view take_word(std::string_view& text, char mark) {
  const std::string_view word = text.substr(0, text.find(mark));
  text.remove_prefix(std::min(text.size(), word.size() + 1));
  return word;
}

template <class Number>
bool read_number(std::string_view word, Number& number) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  return error == std::errc() && end == word.data() + word.size();
}

template <class Number>
bool take_number(std::string_view& line, Number& number) {
  return read_number(take_word(line, ' '), number);
}

std::optional<RetentionRule> read_kept(std::string_view text) {
  RetentionRule rule;
  rule.keep = true;
  const std::string_view name = take_word(text, '\t');
  std::vector<std::uint8_t> bytes(name.size() / 2);
  if (!decode_hex(name, bytes)) return std::nullopt;
  rule.name = as_text(bytes);
  while (!text.empty()) {
    auto filter = parse_filter(take_word(text, '\t'));
    if (!filter) return std::nullopt;
    rule.filters.push_back(std::move(filter).value());
  }
  return rule;
}

}  // namespace

RetentionNotice::News RetentionNotice::take(const RetentionRules& rules, std::uint64_t max_size_bytes, UnixSeconds now,
                                            std::chrono::seconds pause) {
  News news;
  shorten(std::max(pause_ - pause, std::chrono::seconds(0)), now);
  pause_ = pause;
  const UnixSeconds later = now + pause.count();
  take_kept(rules, now, later, news);
  take_rules(rules, now, later, news);
  take_size(max_size_bytes, now, later, news);
  return news;
}

void RetentionNotice::shorten(std::chrono::seconds by, UnixSeconds now) {
  const auto shorten_one = [&](UnixSeconds& time) {
    if (now < time) time -= by.count();
  };
  for (auto& [text, from] : from_) shorten_one(from);
  for (auto& [text, kept] : kept_) {
    if (kept.until) shorten_one(*kept.until);
  }
  shorten_one(size_from_);
}

void RetentionNotice::take_kept(const RetentionRules& rules, UnixSeconds now, UnixSeconds later, News& news) {
  std::map<std::string, Kept> kept;
  for (const RetentionRule& rule : rules) {
    if (rule.keep) kept.insert_or_assign(meaning(rule), Kept{rule, std::nullopt});
  }
  for (auto& [text, before] : kept_) {
    const UnixSeconds until = before.until.value_or(later);
    if (until <= now || kept.contains(text)) continue;
    if (!before.until) news.no_longer_kept.push_back(before.rule);
    before.until = until;
    kept.emplace(text, std::move(before));
  }
  kept_ = std::move(kept);
}

void RetentionNotice::take_rules(const RetentionRules& rules, UnixSeconds now, UnixSeconds later, News& news) {
  std::map<std::string, UnixSeconds> from;
  rules_.clear();
  for (const RetentionRule& rule : rules) {
    if (rule.keep) continue;
    rules_.push_back(rule);
    std::string text = meaning(rule);
    const auto known = from_.find(text);
    if (known == from_.end() && later > now) news.rules.push_back(rule);
    from.insert_or_assign(std::move(text), known == from_.end() ? later : known->second);
  }
  from_ = std::move(from);
}

void RetentionNotice::take_size(std::uint64_t max_size_bytes, UnixSeconds now, UnixSeconds later, News& news) {
  const std::uint64_t in_force = max_size_in_force(now);
  if (max_size_bytes == wanted_size_) return;
  const bool has_to_wait = is_stricter(max_size_bytes, in_force);
  const bool waits_already = now < size_from_ && !is_stricter(max_size_bytes, wanted_size_);
  if (!has_to_wait) {
    size_from_ = now;
  } else if (!waits_already) {
    size_from_ = later;
    news.size = later > now;
  }
  size_before_ = in_force;
  wanted_size_ = max_size_bytes;
}

RetentionRules RetentionNotice::rules_in_force(UnixSeconds now) const {
  RetentionRules rules;
  for (const RetentionRule& rule : rules_) {
    if (now >= from_.at(meaning(rule))) rules.push_back(rule);
  }
  for (const auto& [text, kept] : kept_) {
    if (!kept.until || now < *kept.until) rules.push_back(kept.rule);
  }
  return rules;
}

std::vector<RetentionWait> RetentionNotice::waiting(UnixSeconds now) const {
  std::vector<RetentionWait> out;
  for (const RetentionRule& rule : rules_) {
    const UnixSeconds from = from_.at(meaning(rule));
    if (now < from) out.push_back({RetentionWait::What::rule, rule.name, from});
  }
  const bool erases = !rules_.empty() || wanted_size_ > 0 || max_size_in_force(now) > 0;
  for (const auto& [text, kept] : kept_) {
    if (erases && kept.until && now < *kept.until)
      out.push_back({RetentionWait::What::no_longer_kept, kept.rule.name, *kept.until});
  }
  if (now < size_from_) out.push_back({RetentionWait::What::size, "", size_from_});
  return out;
}

// pause <seconds>
// size <before> <wanted> <from>
// rule <from> <what it says>
// kept <until, or - for now> <its name in hex> *( TAB filter )
std::string RetentionNotice::encode() const {
  std::string out = "pause " + std::to_string(pause_.count()) + "\nsize " + std::to_string(size_before_) + " " +
                    std::to_string(wanted_size_) + " " + std::to_string(size_from_) + "\n";
  for (const auto& [text, from] : from_) out += "rule " + std::to_string(from) + " " + text + "\n";
  for (const auto& [text, kept] : kept_) {
    out += "kept " + (kept.until ? std::to_string(*kept.until) : "-") + " " + to_hex(as_bytes(kept.rule.name));
    for (const Filter& filter : kept.rule.filters) out.append("\t").append(filter_json(filter));
    out += '\n';
  }
  return out;
}

std::optional<RetentionNotice> RetentionNotice::decode(std::string_view bytes) {
  RetentionNotice notice;
  std::chrono::seconds::rep pause = 0;
  bool has_size = false;
  while (!bytes.empty()) {
    std::string_view line = take_word(bytes, '\n');
    const std::string_view kind = take_word(line, ' ');
    bool is_good = false;
    if (kind == "pause") {
      is_good = take_number(line, pause);
    } else if (kind == "size") {
      is_good = has_size = take_number(line, notice.size_before_) && take_number(line, notice.wanted_size_) &&
                           take_number(line, notice.size_from_);
    } else if (kind == "rule") {
      UnixSeconds from = 0;
      is_good = take_number(line, from);
      notice.from_.emplace(line, from);
    } else if (kind == "kept") {
      Kept kept;
      const std::string_view until = take_word(line, ' ');
      auto rule = read_kept(line);
      is_good = rule && (until == "-" || read_number(until, kept.until.emplace()));
      if (is_good) {
        kept.rule = std::move(*rule);
        notice.kept_.emplace(meaning(kept.rule), std::move(kept));
      }
    }
    if (!is_good) return std::nullopt;
  }
  if (!has_size) return std::nullopt;
  notice.pause_ = std::chrono::seconds(pause);
  return notice;
}

}  // namespace pharos::storage
