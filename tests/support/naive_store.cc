#include "support/naive_store.h"

#include <algorithm>
#include <optional>

namespace pharos::test {
namespace {

using storage::PutOutcome;

bool replaceable(int kind) { return kind == 0 || kind == 3 || (kind >= 10000 && kind <= 19999); }
bool addressable(int kind) { return kind >= 30000 && kind <= 39999; }

std::string d_of(const Event& event) {
  if (!addressable(event.kind)) return "";
  for (const TagView tag : event.tags) {
    if (tag.size() >= 1 && tag[0] == "d") return tag.size() >= 2 ? std::string(tag[1]) : "";
  }
  return "";
}

std::optional<UnixSeconds> expires_at(const Event& event) {
  for (const TagView tag : event.tags) {
    if (tag.size() == 0 || tag[0] != "expiration") continue;
    if (tag.size() == 1 || tag[1].empty() || tag[1].size() > 18) return std::nullopt;
    UnixSeconds value = 0;
    for (const char c : tag[1]) {
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + (c - '0');
    }
    return value;
  }
  return std::nullopt;
}

bool expired(const Event& event, UnixSeconds now) {
  const auto at = expires_at(event);
  return at && *at <= now;
}

bool newer_first(const Event& a, const Event& b) {
  if (a.created_at != b.created_at) return a.created_at > b.created_at;
  return a.id.data < b.id.data;
}

std::vector<std::string> values_of(const Event& event, std::string_view name) {
  std::vector<std::string> values;
  for (const TagView tag : event.tags) {
    if (tag.size() >= 2 && tag[0] == name) values.emplace_back(tag[1]);
  }
  return values;
}

bool is_hex64(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

template <class List, class Value>
bool lists(const List& list, const Value& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

}  // namespace

bool naive_matches(const Filter& filter, const Event& event) {
  if (filter.ids && !lists(*filter.ids, event.id)) return false;
  if (filter.authors && !lists(*filter.authors, event.pubkey)) return false;
  if (filter.kinds && !lists(*filter.kinds, event.kind)) return false;
  if (filter.since && event.created_at < *filter.since) return false;
  if (filter.until && event.created_at > *filter.until) return false;
  for (const TagCondition& condition : filter.tags) {
    bool found = false;
    for (const std::string& value : values_of(event, std::string(1, condition.name))) {
      found = found || lists(condition.values, value);
    }
    if (!found) return false;
  }
  return true;
}

template <class Condition>
void NaiveStore::erase(Condition condition) {
  std::erase_if(held_, [&](const Held& held) { return condition(held.event); });
}

bool NaiveStore::is_deleted(const Event& event) const {
  if (event.kind == 5) return false;
  const std::string id = event.id.hex();
  if (deleted_ids_.contains({id, event.pubkey.hex()})) return true;
  if (event.kind == 1059) {
    for (const std::string& recipient : values_of(event, "p")) {
      if (deleted_ids_.contains({id, recipient})) return true;
    }
  }
  if (!replaceable(event.kind) && !addressable(event.kind)) return false;
  const auto at = deleted_addresses_.find({event.kind, event.pubkey.hex(), d_of(event)});
  return at != deleted_addresses_.end() && event.created_at <= at->second;
}

void NaiveStore::apply_deletion(const Event& request) {
  const std::string who = request.pubkey.hex();
  for (const std::string& id : values_of(request, "e")) {
    if (!is_hex64(id)) continue;
    UnixSeconds& requested = deleted_ids_.try_emplace({id, who}, -1).first->second;
    requested = std::max(requested, request.created_at);
    for (const Held& held : held_) {
      if (held.event.id.hex() == id && held.event.pubkey == request.pubkey) {
        delete_older_versions(held.event, request.created_at);
      }
    }
  }
  for (const std::string& address : values_of(request, "a")) {
    const std::size_t first = address.find(':');
    const std::size_t second = first == std::string::npos ? first : address.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string kind_text = address.substr(0, first);
    if (kind_text.empty() || kind_text.size() > 5 || kind_text.find_first_not_of("0123456789") != std::string::npos)
      continue;
    const int kind = std::stoi(kind_text);
    if (address.substr(first + 1, second - first - 1) != who) continue;
    UnixSeconds& until = deleted_addresses_.try_emplace({kind, who, address.substr(second + 1)}, -1).first->second;
    until = std::max(until, request.created_at);
  }
  erase([&](const Event& event) { return is_deleted(event); });
}

void NaiveStore::delete_older_versions(const Event& version, UnixSeconds requested) {
  if (!replaceable(version.kind) && !addressable(version.kind)) return;
  const auto address = std::make_tuple(int{version.kind}, version.pubkey.hex(), d_of(version));
  UnixSeconds& until = deleted_addresses_.try_emplace(address, -1).first->second;
  until = std::max(until, std::min(version.created_at, requested - 1));
}

PutOutcome NaiveStore::put(const Event& event, UnixSeconds now) {
  for (const Held& held : held_) {
    if (held.event.id == event.id) return PutOutcome::duplicate;
  }
  if (expired(event, now)) return PutOutcome::expired;
  if (is_deleted(event)) {
    // Whichever of the two came first, the request or what it names.
    const auto requested = deleted_ids_.find({event.id.hex(), event.pubkey.hex()});
    if (requested != deleted_ids_.end()) delete_older_versions(event, requested->second);
    erase([&](const Event& other) { return is_deleted(other); });
    return PutOutcome::deleted;
  }
  if (replaceable(event.kind) || addressable(event.kind)) {
    const auto same_address = [&](const Event& other) {
      return other.kind == event.kind && other.pubkey == event.pubkey && d_of(other) == d_of(event);
    };
    for (const Held& held : held_) {
      if (same_address(held.event) && newer_first(held.event, event)) return PutOutcome::superseded;
    }
    erase(same_address);
  }
  const auto place =
      std::find_if(held_.begin(), held_.end(), [&](const Held& other) { return newer_first(event, other.event); });
  held_.insert(place, {++last_seq_, event});
  if (event.kind == 5) apply_deletion(event);
  return PutOutcome::stored;
}

void NaiveStore::erase_expired(UnixSeconds now) {
  erase([&](const Event& event) { return expired(event, now); });
}

std::vector<const Event*> NaiveStore::query(const NaiveQuery& query) const {
  std::vector<std::size_t> left;
  for (const Filter& filter : query.filters) {
    left.push_back(std::min(filter.limit.value_or(query.default_limit), query.max_limit));
  }
  std::vector<const Event*> answer;
  for (const Held& held : held_) {
    if (held.seq > query.max_seq || expired(held.event, query.now) || !query.visible(held.event)) continue;
    bool chosen = false;
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (left[i] == 0 || !naive_matches(query.filters[i], held.event)) continue;
      --left[i];
      chosen = true;
    }
    if (chosen) answer.push_back(&held.event);
  }
  return answer;
}

}  // namespace pharos::test
