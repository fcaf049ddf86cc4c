#include "storage/scan.h"

#include <algorithm>
#include <limits>

namespace pharos::storage {
namespace {

// A stream reads one place when it is opened, since most of 500 authors never come up, and twice as many each time it
// does: a seek costs as much as a dozen steps.
constexpr std::uint8_t kMaxReadAhead = 16;

constexpr UnixSeconds kEndOfTime = std::numeric_limits<UnixSeconds>::max();

Table table_of(Index index) {
  switch (index) {
    case Index::by_id:
      return Table::by_id;
    case Index::by_tag:
      return Table::by_tag;
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

Cursor& SliceReader::cursor(Table table, std::optional<Cursor>& slot) {
  if (!slot) slot.emplace(txn_, tables_[table]);
  return *slot;
}

SliceReader::Shared& SliceReader::shared(Index index) {
  Shared& shared = indexes_[static_cast<std::size_t>(index)];
  cursor(table_of(index), shared.cursor);
  return shared;
}

std::optional<RecordView> SliceReader::record(Seq seq) {
  Cursor& events = cursor(Table::events, events_);
  const EventKey key(seq);
  if (!events.seek_group(key.view())) return std::nullopt;
  return RecordView(seq, as_bytes(events.value()));
}

Seq SliceReader::last_seq() {
  Cursor& events = cursor(Table::events, events_);
  if (!events.last()) return 0;
  return decode_event_key(events.key()).value_or(0);
}

std::optional<Candidate> SliceReader::find(const EventId& id) {
  Cursor& by_id = *shared(Index::by_id).cursor;
  const Key key = id_key(id);
  for (bool found = by_id.seek_group(key.view()); found; found = by_id.next_in_group()) {
    const Seq seq = decode_seq(by_id.value()).value_or(0);
    const std::optional<RecordView> held = record(seq);
    if (held && held->id() == id) return Candidate{held->created_at(), prefix8(id), seq};
  }
  return std::nullopt;
}

SliceReader::Extent SliceReader::extent(Index index, const Key& key) {
  Shared& at = shared(index);
  at.owner = kNobody;
  Cursor& places = *at.cursor;
  Extent extent;
  if (!places.seek_group(key.view())) return extent;
  extent.entries = places.group_size();
  extent.oldest = decode_place(places.value()).value_or(Candidate{}).created_at;
  extent.newest = extent.oldest;
  if (extent.entries > 1 && places.last_in_group()) {
    extent.newest = decode_place(places.value()).value_or(Candidate{}).created_at;
  }
  return extent;
}

bool IndexStream::position(SliceReader::Shared& shared) const {
  Cursor& cursor = *shared.cursor;
  if (shared.owner == number_) return cursor.previous_in_group();
  if (last_.created_at == kEndOfTime) return cursor.seek_group(key_.view()) && cursor.last_in_group();
  const Key place = encode_place(last_);
  if (!cursor.seek_at_most(key_.view(), place.view())) return false;
  return cursor.value() != place.view() || cursor.previous_in_group();
}

IndexStream::Fill IndexStream::fill(SliceReader& reader, Seq max_seq, std::size_t wanted, TimeBudget& budget,
                                    Candidate& out) {
  if (take(out)) return Fill::ready;
  if (ended_) return Fill::ended;
  if (!budget.spend()) return Fill::out_of_budget;
  ahead_.clear();
  next_ = 0;
  wanted = std::clamp<std::size_t>(wanted, 1, read_ahead_);
  read_ahead_ = std::min<std::uint8_t>(kMaxReadAhead, static_cast<std::uint8_t>(read_ahead_ * 2));
  SliceReader::Shared& shared = reader.shared(index_);
  bool found = position(shared);
  shared.owner = number_;
  for (std::size_t taken = 0;;) {
    const std::optional<Candidate> place = found ? decode_place(shared.cursor->value()) : std::nullopt;
    if (!place || place->created_at < since_) {
      ended_ = true;
      shared.owner = SliceReader::kNobody;
      return taken > 0 ? Fill::ready : Fill::ended;
    }
    last_ = *place;
    if (place->seq <= max_seq) {
      if (++taken == 1) {
        out = *place;
      } else {
        ahead_.push_back(*place);
      }
      if (taken == wanted) return Fill::ready;
    } else if (!budget.spend()) {
      return taken > 0 ? Fill::ready : Fill::out_of_budget;
    }
    found = shared.cursor->previous_in_group();
  }
}

Candidate before_everything() { return {kEndOfTime, 0, 0}; }
Candidate before_second(UnixSeconds until) { return {until, 0, 0}; }
Candidate after_place(const Candidate& place) { return {place.created_at, place.id_prefix, kMaxSeq}; }

Key stream_key(const Filter& filter, const AccessPath& path, const SipKey& hash_key, std::size_t i) {
  switch (path.index) {
    case Index::by_tag:
      return tag_key(hash_key, filter.tags[path.tag].name, filter.tags[path.tag].values[i]);
    case Index::by_author_kind: {
      const std::size_t kinds = filter.kinds->size();
      return author_kind_key((*filter.authors)[i / kinds], (*filter.kinds)[i % kinds]);
    }
    case Index::by_author:
      return author_key((*filter.authors)[i]);
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
  // A broader index is a choice only beside a condition that it leaves out.
  if (paths.size() > 1) paths.pop_back();
  if (paths.size() > 1 && filter.tags.empty()) paths.resize(1);
  if (paths.size() == 1) return paths.front();
  std::vector<Density> densities;
  for (const AccessPath& path : paths) {
    densities.push_back(probe(reader, filter, path));
    if (static_cast<double>(path.streams) + densities.back().entries <= kFewEntries) return path;
  }
  return paths[choose_path(paths, densities, wanted)];
}

}  // namespace pharos::storage
