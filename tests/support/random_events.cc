#include "support/random_events.h"

#include <algorithm>

namespace pharos::test {
namespace {

constexpr std::size_t kRemembered = 400;
constexpr std::string_view kTagNames = "eptTdEPag";

template <class T>
void sort_unique(std::vector<T>& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

bool is_addressable(Kind kind) { return kind >= 30000 && kind < 40000; }

}  // namespace

RandomEvents::RandomEvents(Random& random, EventShape shape) : random_(random), shape_(std::move(shape)) {
  for (std::size_t i = 0; i < shape_.authors; ++i) {
    PublicKey key;
    // Neighbours that differ in the last byte only sit next to each other in every index.
    key.data.fill(static_cast<std::uint8_t>(i / 2 + 1));
    key.data[31] = static_cast<std::uint8_t>(i % 2);
    authors_.push_back(key);
  }
  words_ = {"", "nostr", "Nostr", "a", std::string("a\0b", 3), "x:y:z", "wss://relay.example/"};
  for (const std::size_t size : {31U, 32U, 33U, 510U, 511U, 512U, 600U}) {
    words_.push_back(std::string(size, 'v'));
    words_.push_back(std::string(size - 1, 'v') + "w");
  }
  words_.push_back(std::string(64, 'A'));
  words_.push_back(std::string(64, 'a'));
}

EventId RandomEvents::new_id() {
  EventId id;
  random_.fill(id.data);
  if (percent(shape_.shared_prefix_percent)) {
    static constexpr std::size_t kShared[] = {4, 8, 16, 31};
    const auto shared = static_cast<std::ptrdiff_t>(kShared[random_.below(4)]);
    std::fill(id.data.begin(), id.data.begin() + shared, static_cast<std::uint8_t>(random_.below(3) * 0x7f));
  }
  return id;
}

EventId RandomEvents::known_id() { return recent_.empty() || percent(15) ? new_id() : pick(recent_).id; }

UnixSeconds RandomEvents::time() { return shape_.start + static_cast<UnixSeconds>(random_.below(shape_.seconds)); }

std::string RandomEvents::tag_value() {
  switch (random_.below(4)) {
    case 0:
      return known_id().hex();
    case 1:
      return pick(authors_).hex();
    default:
      return pick(words_);
  }
}

void RandomEvents::add_tag(Event& event) {
  switch (random_.below(12)) {
    case 0:
      event.tags.end_tag();
      return;
    case 1:
      event.tags.add({"-"});
      return;
    case 2:
      event.tags.add({"client", pick(words_)});
      return;
    case 3:
      event.tags.add({"", pick(words_)});
      return;
    case 4:
      event.tags.add({std::string_view(&kTagNames[random_.below(kTagNames.size())], 1)});
      return;
    case 5:
      event.tags.add({std::string_view(&kTagNames[random_.below(kTagNames.size())], 1), tag_value(), pick(words_), ""});
      return;
    default:
      event.tags.add({std::string_view(&kTagNames[random_.below(kTagNames.size())], 1), tag_value()});
  }
}

void RandomEvents::fill_deletion(Event& event) {
  event.kind = 5;
  for (std::uint64_t n = random_.below(3) + 1; n > 0 && !recent_.empty(); --n) {
    const Event& target = pick(recent_);
    if (!percent(15)) event.pubkey = target.pubkey;
    if (percent(60)) {
      event.tags.add({"e", target.id.hex()});
    } else {
      const std::string d = is_addressable(target.kind) ? std::string(identifier(target)) : std::string();
      event.tags.add({"a", std::to_string(target.kind) + ":" + target.pubkey.hex() + ":" + d});
    }
  }
  static constexpr std::string_view kMalformed[] = {"", "5", "30023:", "x:y:z", "30023:abc:", ":::", "99999:a:b"};
  if (percent(10)) event.tags.add({percent(50) ? "e" : "a", kMalformed[random_.below(std::size(kMalformed))]});
}

Event RandomEvents::event() {
  if (!recent_.empty() && percent(4)) return pick(recent_);
  Event event;
  event.id = new_id();
  event.pubkey = pick(authors_);
  event.created_at = time();
  event.kind = pick(shape_.kinds);
  random_.fill(event.sig.data);
  event.content = pick(words_);
  if (percent(shape_.deletion_percent)) {
    fill_deletion(event);
  } else if (is_addressable(event.kind) && percent(90)) {
    event.tags.add({"d", pick(words_)});
  }
  if (percent(shape_.expiration_percent)) {
    static constexpr std::string_view kOdd[] = {"", "-1", "1.5", "soon", "0"};
    event.tags.add({"expiration", percent(15) ? std::string(kOdd[random_.below(std::size(kOdd))])
                                              : std::to_string(time() + static_cast<UnixSeconds>(shape_.seconds) / 2)});
  }
  for (std::uint64_t n = random_.below(shape_.max_tags + 1); n > 0; --n) add_tag(event);
  if (recent_.size() < kRemembered) {
    recent_.push_back(event);
  } else {
    recent_[random_.below(kRemembered)] = event;
  }
  return event;
}

TagCondition RandomEvents::tag_condition() {
  TagCondition condition;
  condition.name = kTagNames[random_.below(kTagNames.size())];
  for (std::uint64_t n = percent(10) ? random_.below(30) : random_.below(3) + 1; n > 0; --n) {
    condition.values.push_back(tag_value());
  }
  if (percent(2)) condition.values.clear();
  sort_unique(condition.values);
  return condition;
}

Filter RandomEvents::filter() {
  Filter filter;
  if (percent(12)) {
    filter.ids.emplace();
    for (std::uint64_t n = random_.below(8); n > 0; --n) filter.ids->push_back(known_id());
    sort_unique(*filter.ids);
  }
  if (percent(40)) {
    filter.authors.emplace();
    for (std::uint64_t n = percent(20) ? random_.below(shape_.authors * 2) : random_.below(3) + (percent(97) ? 1 : 0);
         n > 0; --n) {
      filter.authors->push_back(percent(95) ? pick(authors_) : *PublicKey::from_bytes(new_id().data));
    }
    sort_unique(*filter.authors);
  }
  if (percent(45)) {
    filter.kinds.emplace();
    for (std::uint64_t n = random_.below(4) + (percent(97) ? 1 : 0); n > 0; --n) {
      filter.kinds->push_back(percent(95) ? pick(shape_.kinds) : static_cast<Kind>(random_.below(65536)));
    }
    sort_unique(*filter.kinds);
  }
  if (percent(35)) filter.tags.push_back(tag_condition());
  if (percent(8)) filter.tags.push_back(tag_condition());
  std::sort(filter.tags.begin(), filter.tags.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  filter.tags.erase(std::unique(filter.tags.begin(), filter.tags.end(),
                                [](const auto& a, const auto& b) { return a.name == b.name; }),
                    filter.tags.end());
  if (percent(30)) filter.since = time();
  if (percent(30)) filter.until = time();
  if (percent(2)) filter.since = percent(50) ? 0 : kMaxCreatedAt;
  if (percent(2)) filter.until = percent(50) ? 0 : kMaxCreatedAt;
  if (percent(60)) {
    static constexpr std::size_t kLimits[] = {0, 1, 1, 2, 3, 5, 10, 40, 499, 500, 501, 1'000'000};
    filter.limit = kLimits[random_.below(std::size(kLimits))];
  }
  return filter;
}

std::vector<Filter> RandomEvents::filters() {
  std::vector<Filter> group;
  for (std::uint64_t n = percent(50) ? 1 : random_.below(4) + 1; n > 0; --n) {
    if (!group.empty() && percent(30)) {
      // The same question with another limit or window: the answers overlap.
      Filter again = group.back();
      again.limit = random_.below(20);
      if (percent(50)) again.since = time();
      group.push_back(std::move(again));
    } else {
      group.push_back(filter());
    }
  }
  return group;
}

void BytesRandom::fill(std::span<std::uint8_t> out) {
  const std::size_t wanted = out.size() == sizeof(std::uint64_t) ? 2 : out.size();
  const std::size_t taken = std::min(wanted, bytes_.size());
  std::copy_n(bytes_.begin(), taken, out.begin());
  std::fill(out.begin() + static_cast<std::ptrdiff_t>(taken), out.end(), std::uint8_t{0});
  bytes_ = bytes_.subspan(taken);
}

}  // namespace pharos::test
