#include "storage/planner.h"

#include <algorithm>
#include <limits>

#include "nostr/search_query.h"

namespace pharos::storage {
namespace {

// Opening a stream is one seek, testing a candidate one record read; both cost about the same (tests/bench).
constexpr std::size_t kTrialPaysFromStreams = 48;
constexpr std::size_t kTrialSample = 48;
constexpr std::size_t kBroadKinds = 8;

// Matches are rarer than the narrowest condition alone; how much rarer is not known before the scan.
constexpr double kConjunctionFactor = 4;

// How far back a scan goes when the matches are as dense as this path allows.
double horizon(const Density& density, double wanted) {
  if (density.entries <= wanted) return std::numeric_limits<double>::infinity();
  return kConjunctionFactor * wanted * density.seconds / density.entries;
}

}  // namespace

std::vector<AccessPath> access_paths(const Filter& filter) {
  std::vector<AccessPath> paths;
  if (filter.ids) {
    paths.push_back({Index::by_id, filter.ids->size(), 0});
    return paths;
  }
  const auto add = [&](Index index, std::size_t streams, std::size_t which = 0) {
    if (streams <= kMaxStreams) paths.push_back({index, streams, which});
  };
  if (filter.authors && filter.kinds && filter.authors->size() * filter.kinds->size() <= kMaxStreams) {
    add(Index::by_author_kind, filter.authors->size() * filter.kinds->size());
  } else if (filter.authors) {
    add(Index::by_author, filter.authors->size());
  }
  for (std::size_t i = 0; i < filter.tags.size(); ++i) add(Index::by_tag, filter.tags[i].values.size(), i);
  for (std::size_t i = 0; filter.search && i < filter.search->words.size(); ++i) add(Index::by_word, 1, i);
  std::stable_sort(paths.begin(), paths.end(),
                   [](const AccessPath& a, const AccessPath& b) { return a.streams < b.streams; });
  if (filter.kinds) add(Index::by_kind, filter.kinds->size());
  add(Index::by_time, 1);
  return paths;
}

std::size_t choose_path(std::span<const AccessPath> paths, std::span<const Density> densities, std::size_t wanted) {
  double seconds = 0;
  for (const Density& density : densities) {
    seconds = std::max(seconds, horizon(density, static_cast<double>(wanted)));
  }
  const auto cost = [&](std::size_t i) {
    const Density& density = densities[i];
    return static_cast<double>(paths[i].streams) + density.entries * std::min(1.0, seconds / density.seconds);
  };
  std::size_t best = 0;
  for (std::size_t i = 1; i < paths.size(); ++i) {
    if (cost(i) < cost(best)) best = i;
  }
  return best;
}

AccessPath broad_path(const Filter& filter) {
  if (filter.kinds && filter.kinds->size() <= kBroadKinds) return {Index::by_kind, filter.kinds->size(), 0};
  return {Index::by_time, 1, 0};
}

std::optional<AccessPath> trial_of(const Filter& filter, const AccessPath& path) {
  if (path.streams < kTrialPaysFromStreams) return std::nullopt;
  if (path.index == Index::by_id || path.index == Index::by_kind || path.index == Index::by_time) return std::nullopt;
  return broad_path(filter);
}

bool trial_goes_on(std::size_t scanned, std::size_t matched, std::size_t wanted, std::size_t streams) {
  if (scanned < kTrialSample) return true;
  if (scanned >= 2 * streams) return false;
  // One match more than were met keeps a first sample without luck from ending a trial that one match would finish.
  return scanned * wanted <= (matched + 1) * streams;
}

}  // namespace pharos::storage
