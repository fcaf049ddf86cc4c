#include "relay/live_index.h"

#include <algorithm>
#include <string_view>

#include "nostr/search_query.h"
#include "nostr/search_text.h"

namespace pharos::relay {
namespace {

// Fields as they go into list keys; tags use their name, so these are none of a-z and A-Z.
constexpr char kIds = '0';
constexpr char kAuthors = '1';
constexpr char kKinds = '2';
constexpr char kGeneric = '3';
constexpr char kWords = '4';

constexpr std::uint64_t mix(std::uint64_t x) {  // the finalizer of splitmix64
  x ^= x >> 30U;
  x *= 0xbf58476d1ce4e5b9U;
  x ^= x >> 27U;
  x *= 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

std::string_view kind_bytes(const Kind& kind) { return {reinterpret_cast<const char*>(&kind), sizeof kind}; }

bool is_indexed_name(std::string_view name) {
  return name.size() == 1 && ((name[0] >= 'a' && name[0] <= 'z') || (name[0] >= 'A' && name[0] <= 'Z'));
}

}  // namespace

LiveIndex::ListKey LiveIndex::key_of(char field, std::string_view value) const {
  std::uint64_t hash = mix(salt_ ^ static_cast<unsigned char>(field));
  while (!value.empty()) {
    std::uint64_t word = 0;
    const std::size_t bytes = std::min(value.size(), sizeof word);
    std::copy_n(value.data(), bytes, reinterpret_cast<char*>(&word));
    hash = mix(hash ^ word) + bytes;
    value.remove_prefix(bytes);
  }
  return hash;
}

template <class Visit>
void LiveIndex::for_each_list(const Filter& filter, const Visit& visit) const {
  const auto tag =
      std::min_element(filter.tags.begin(), filter.tags.end(),
                       [](const TagCondition& a, const TagCondition& b) { return a.values.size() < b.values.size(); });
  const bool has_tag = tag != filter.tags.end();
  if (filter.ids) {
    for (const EventId& id : *filter.ids) visit(key_of(kIds, as_text(id.span())));
  } else if (filter.search && !filter.search->words.empty()) {
    // The longest, which is likely the rarest.
    visit(key_of(kWords, *std::ranges::max_element(filter.search->words, {}, &std::string::size)));
  } else if (filter.authors && (!has_tag || filter.authors->size() <= tag->values.size())) {
    for (const PublicKey& author : *filter.authors) visit(key_of(kAuthors, as_text(author.span())));
  } else if (has_tag) {
    for (const std::string& value : tag->values) visit(key_of(tag->name, value));
  } else if (filter.kinds) {
    for (const Kind kind : *filter.kinds) visit(key_of(kKinds, kind_bytes(kind)));
  } else {
    visit(key_of(kGeneric, {}));
  }
}

LiveIndex::Handle LiveIndex::add(const Target& target, FilterList filters) {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(entries_.size()));
    entries_.emplace_back();
  }
  const std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  Entry& entry = entries_[slot];
  entry.is_live = true;
  entry.target = target;
  entry.filters = std::move(filters);
  entry.matched_by = 0;
  for (std::uint32_t i = 0; i < entry.filters->size(); ++i) {
    const Filter& filter = (*entry.filters)[i];
    if (matches_nothing(filter)) continue;
    for_each_list(filter, [&](ListKey key) { list(key, slot, i); });
  }
  count_searched(*entry.filters, 1);
  ++live_;
  return {slot, entry.generation};
}

void LiveIndex::list(ListKey key, std::uint32_t slot, std::uint32_t filter) {
  std::vector<Listed>& listed = lists_[key];
  std::vector<Place>& places = entries_[slot].places;
  listed.push_back({slot, filter, static_cast<std::uint32_t>(places.size())});
  places.push_back({key, static_cast<std::uint32_t>(listed.size() - 1)});
}

void LiveIndex::unlist(const Place& place) {
  const auto at = lists_.find(place.list);
  std::vector<Listed>& listed = at->second;
  // The last one takes the place that becomes free, and is told so.
  const Listed moved = listed.back();
  listed[place.position] = moved;
  entries_[moved.slot].places[moved.place].position = place.position;
  listed.pop_back();
  if (listed.empty()) lists_.erase(at);
}

void LiveIndex::remove(Handle handle) {
  if (find(handle) == nullptr) return;
  Entry& entry = entries_[handle.slot];
  // By index: unlist() may update a later place of this very entry.
  for (std::size_t i = 0; i < entry.places.size(); ++i) unlist(entry.places[i]);
  entry.places.clear();
  entry.places.shrink_to_fit();
  count_searched(*entry.filters, -1);
  entry.filters.reset();
  entry.target = {};
  entry.is_live = false;
  if (++entry.generation == 0) entry.generation = 1;
  free_slots_.push_back(handle.slot);
  --live_;
}

void LiveIndex::count_searched(const std::vector<Filter>& filters, int change) {
  for (const Filter& filter : filters) {
    if (!filter.search) continue;
    if (!filter.kinds) {
      searches_of_any_ += change;
      continue;
    }
    for (const Kind kind : *filter.kinds) {
      if ((searched_[kind] += change) == 0) searched_.erase(kind);
    }
  }
}

const LiveIndex::Target* LiveIndex::find(Handle handle) const {
  if (handle.slot >= entries_.size()) return nullptr;
  const Entry& entry = entries_[handle.slot];
  return entry.is_live && entry.generation == handle.generation ? &entry.target : nullptr;
}

void LiveIndex::match(const Event& event, std::vector<Handle>& out) {
  ++match_number_;
  last_candidates_ = 0;
  if (live_ == 0) return;
  event_keys_.clear();
  event_keys_.push_back(key_of(kIds, as_text(event.id.span())));
  event_keys_.push_back(key_of(kAuthors, as_text(event.pubkey.span())));
  event_keys_.push_back(key_of(kKinds, kind_bytes(event.kind)));
  event_keys_.push_back(key_of(kGeneric, {}));
  for (const TagView tag : event.tags) {
    if (is_indexed_name(tag.name())) event_keys_.push_back(key_of(tag[0][0], tag.value()));
  }
  if (is_searched(event.kind)) {
    read_search_text(event, words_);
    for (std::size_t i = 0; i < words_.size(); ++i) event_keys_.push_back(key_of(kWords, words_[i]));
  }
  // A tag that stands in an event a thousand times is looked up once.
  std::sort(event_keys_.begin(), event_keys_.end());
  event_keys_.erase(std::unique(event_keys_.begin(), event_keys_.end()), event_keys_.end());
  for (const ListKey key : event_keys_) match_list(key, event, out);
}

void LiveIndex::match_list(ListKey key, const Event& event, std::vector<Handle>& out) {
  const auto at = lists_.find(key);
  if (at == lists_.end()) return;
  for (const Listed& listed : at->second) {
    Entry& entry = entries_[listed.slot];
    if (entry.matched_by == match_number_) continue;
    ++last_candidates_;
    const Filter& filter = (*entry.filters)[listed.filter];
    if (!matches_fields(filter, event) || (filter.search && !matches(*filter.search, words_))) continue;
    entry.matched_by = match_number_;
    out.push_back({listed.slot, entry.generation});
  }
}

}  // namespace pharos::relay
