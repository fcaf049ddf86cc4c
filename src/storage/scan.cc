#include "storage/scan.h"

#include <algorithm>
#include <limits>

#include "nostr/search_query.h"
#include "storage/word_index.h"

namespace pharos::storage {
namespace {

// What an estimate of a key's places looks at.
constexpr std::size_t kSampledPlaces = 64;

constexpr UnixSeconds kEndOfTime = std::numeric_limits<UnixSeconds>::max();

Table table_of(Index index) {
  switch (index) {
    case Index::by_id:
      return Table::by_id;
    case Index::by_tag:
      return Table::by_tag;
    case Index::by_word:
      return Table::by_word;
    case Index::by_author_kind:
      return Table::by_author_kind;
    case Index::by_author:
      return Table::by_author;
    case Index::by_kind:
      return Table::by_kind;
    case Index::by_time:
      return Table::by_time;
  }
  return Table::by_time;
}

}  // namespace

SliceReader::Shared& SliceReader::shared(Index index) {
  Shared& shared = indexes_[static_cast<std::size_t>(index)];
  if (!shared.cursor) shared.cursor.emplace(snapshot_.txn(), tables_, table_of(index));
  return shared;
}

std::optional<RecordView> SliceReader::record(Seq seq) {
  if (snapshot_.memtable_of(seq) != nullptr) return snapshot_.record(seq);
  if (snapshot_.erased_above_lmdb(seq)) return std::nullopt;
  return snapshot_.merged().record(seq);
}

bool SliceReader::indexes_words_of(const Filter& filter) const {
  if (!filter.kinds || tables_.searched.empty()) return false;
  const auto state = read_word_index(snapshot_.txn(), tables_);
  return state && state->is_complete() && std::ranges::includes(state->kinds, *filter.kinds);
}

void SliceReader::prepare(std::span<const Candidate> candidates) {
  std::array<Seq, StoredEvents::kMostPrepared> asked;
  std::size_t count = 0;
  for (const Candidate& candidate : candidates.first(std::min(candidates.size(), asked.size()))) {
    if (snapshot_.memtable_of(candidate.seq) == nullptr) asked[count++] = candidate.seq;
  }
  snapshot_.merged().prepare(std::span(asked).first(count));
}

std::optional<Candidate> SliceReader::find(const EventId& id) {
  const std::optional<RecordView> held = snapshot_.find(id);
  if (!held) return std::nullopt;
  return Candidate{held->created_at(), tie_of(id), held->seq()};
}

SliceReader::Extent SliceReader::extent(Index index, Key key) {
  Shared& at = shared(index);
  at.owner = kNobody;
  IndexCursor& places = *at.cursor;
  Extent extent;
  bool more = places.seek({key, before_everything()});
  for (; more && places.posting().key == key && extent.entries < kSampledPlaces; more = places.next()) {
    extent.oldest = places.posting().place.created_at;
    if (extent.entries++ == 0) extent.newest = extent.oldest;
  }
  if (extent.entries == kSampledPlaces) {
    // The rest as dense as the newest ones.
    const auto sampled = static_cast<double>(extent.newest - extent.oldest) + 1;
    if (const auto last = places.last_of(key)) extent.oldest = last->place.created_at;
    const auto all = static_cast<double>(extent.newest - extent.oldest) + 1;
    extent.entries = static_cast<std::size_t>(static_cast<double>(extent.entries) * all / sampled);
  }
  for (const Memtable* memtable : snapshot_.memtables()) {
    const PlaceList* list = memtable->places(table_of(index), key);
    if (list == nullptr) continue;
    const UnixSeconds oldest = list->oldest()->place.created_at;
    const UnixSeconds newest = list->newest()->place.created_at;
    extent.oldest = extent.entries > 0 ? std::min(extent.oldest, oldest) : oldest;
    extent.newest = extent.entries > 0 ? std::max(extent.newest, newest) : newest;
    extent.entries += list->size();
  }
  return extent;
}

IndexStream::End IndexStream::read_lmdb(SliceReader& reader, Seq max_seq, std::size_t wanted, TimeBudget& budget,
                                        std::vector<Candidate>& places) {
  SliceReader::Shared& shared = reader.shared(index_);
  IndexCursor& cursor = *shared.cursor;
  bool found = shared.owner == number_ ? cursor.next() : cursor.seek_after({key_, last_});
  shared.owner = number_;
  while (true) {
    const Posting& posting = cursor.posting();
    if (!found || posting.key != key_ || posting.place.created_at < since_) {
      shared.owner = SliceReader::kNobody;
      return End::of_places;
    }
    last_ = posting.place;
    if (last_.seq <= max_seq && !cursor.is_erased()) {
      places.push_back(last_);
      if (places.size() == wanted) return End::of_wants;
    } else if (!budget.spend()) {
      return End::of_budget;
    }
    found = cursor.next();
  }
}

void IndexStream::add_from_memtables(const SliceReader& reader, const Candidate& after, End end, Seq max_seq,
                                     std::size_t wanted, std::vector<Candidate>& places) {
  const std::size_t from_lmdb = places.size();
  for (const Memtable* memtable : reader.snapshot_.memtables()) {
    const PlaceList* list = memtable->places(table_of(index_), key_);
    std::size_t taken = 0;
    for (const auto* node = list != nullptr ? list->after(after) : nullptr; node != nullptr && taken < wanted;
         node = node->next()) {
      if (node->place.created_at < since_) break;
      // What LMDB holds beyond last_ is not known yet.
      if (end != End::of_places && comes_before(last_, node->place)) break;
      if (node->place.seq > max_seq) continue;
      places.push_back(node->place);
      ++taken;
    }
  }
  if (places.size() > from_lmdb) std::sort(places.begin(), places.end(), comes_before);
}

IndexStream::Fill IndexStream::fill(SliceReader& reader, Seq max_seq, std::size_t wanted, TimeBudget& budget,
                                    Candidate& out) {
  if (take(out)) return Fill::ready;
  if (ended_) return Fill::ended;
  if (!budget.spend()) return Fill::out_of_budget;
  ahead_.clear();
  next_ = 0;
  wanted = std::clamp<std::size_t>(wanted, 1, read_ahead_);
  read_ahead_ = std::min<std::uint8_t>(most_ahead_, static_cast<std::uint8_t>(read_ahead_ * 2));

  std::vector<Candidate>& places = reader.places_;
  places.clear();
  const Candidate after = last_;
  const End end = read_lmdb(reader, max_seq, wanted, budget, places);
  add_from_memtables(reader, after, end, max_seq, wanted, places);
  ended_ = end == End::of_places && places.size() < wanted;
  if (places.empty()) return ended_ ? Fill::ended : Fill::out_of_budget;
  if (places.size() > wanted) places.resize(wanted);
  if (end != End::of_budget || places.size() == wanted) {
    if (last_ != places.back()) reader.shared(index_).owner = SliceReader::kNobody;
    last_ = places.back();
  }
  out = places.front();
  ahead_.assign(places.begin() + 1, places.end());
  return Fill::ready;
}

Candidate before_everything() { return {kEndOfTime, 0, 0}; }
Candidate before_second(UnixSeconds until) { return {until, 0, 0}; }
Candidate after_place(const Candidate& place) { return {place.created_at, place.tie, kMaxSeq}; }

Key stream_key(const Filter& filter, const AccessPath& path, const SipKey& hash_key, std::size_t i) {
  switch (path.index) {
    case Index::by_tag:
      return tag_key(hash_key, filter.tags[path.which].name, filter.tags[path.which].values[i]);
    case Index::by_word:
      return word_key(hash_key, filter.search->words[path.which]);
    case Index::by_author_kind: {
      const std::size_t kinds = filter.kinds->size();
      return author_kind_key(hash_key, (*filter.authors)[i / kinds], (*filter.kinds)[i % kinds]);
    }
    case Index::by_author:
      return author_key(hash_key, (*filter.authors)[i]);
    case Index::by_kind:
      return kind_key((*filter.kinds)[i]);
    case Index::by_id:
    case Index::by_time:
      break;
  }
  return time_key();
}

namespace {

constexpr std::size_t kSampledStreams = 4;
// A path known to have so few entries is taken without looking at the others.
constexpr double kFewEntries = 64;

Density probe(SliceReader& reader, const Filter& filter, const AccessPath& path) {
  const std::size_t sampled = std::min(path.streams, kSampledStreams);
  const UnixSeconds since = filter.since.value_or(0);
  const UnixSeconds until = filter.until.value_or(kEndOfTime);
  Density density{0, 1};
  for (std::size_t n = 0; n < sampled; ++n) {
    const std::size_t i = n * path.streams / sampled;
    const SliceReader::Extent extent = reader.extent(path.index, stream_key(filter, path, reader.hash_key(), i));
    const UnixSeconds oldest = std::max(since, extent.oldest);
    const UnixSeconds newest = std::min(until, extent.newest);
    if (extent.entries == 0 || newest < oldest) continue;
    const double inside = static_cast<double>(newest - oldest) + 1;
    const double all = static_cast<double>(extent.newest - extent.oldest) + 1;
    density.entries += static_cast<double>(extent.entries) * inside / all;
    density.seconds = std::max(density.seconds, inside);
  }
  density.entries *= static_cast<double>(path.streams) / static_cast<double>(std::max<std::size_t>(sampled, 1));
  return density;
}

}  // namespace

AccessPath plan_path(SliceReader& reader, const Filter& filter, std::size_t wanted) {
  std::vector<AccessPath> paths = access_paths(filter);
  if (filter.search && !reader.indexes_words_of(filter)) {
    std::erase_if(paths, [](const AccessPath& path) { return path.index == Index::by_word; });
  }
  // A broader index is a choice only beside a condition that it leaves out.
  if (paths.size() > 1) paths.pop_back();
  if (paths.size() > 1 && filter.tags.empty() && !filter.search) paths.resize(1);
  if (paths.size() == 1) return paths.front();
  std::vector<Density> densities;
  for (const AccessPath& path : paths) {
    densities.push_back(probe(reader, filter, path));
    if (static_cast<double>(path.streams) + densities.back().entries <= kFewEntries) return path;
  }
  return paths[choose_path(paths, densities, wanted)];
}

}  // namespace pharos::storage
