// Which index answers a filter. Pure: the caller probes the indexes and passes what it saw.
//
// A path is a set of streams of one index, each ordered as answers are; their merge holds every match, the record
// decides the rest. Two questions have to be answered:
//   which of several conditions drives   choose_path(), from how many entries each path has and over what time
//   many streams, or one broad scan      a trial: the broad scan goes first and is given up, at the place it has
//                                        reached, as soon as its own matches say that opening the streams is cheaper
// The second needs no statistics and costs at most a few dozen records where it fails.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "nostr/filter.h"

namespace pharos::storage {

enum class Index : std::uint8_t { by_id, by_tag, by_word, by_author_kind, by_author, by_kind, by_time };

struct AccessPath {
  Index index = Index::by_time;
  std::size_t streams = 1;
  std::size_t which = 0;  // of filter.tags for by_tag, of the words of filter.search for by_word

  friend bool operator==(const AccessPath&, const AccessPath&) = default;
};

// A query does not open more streams than this; a broad scan with a set test serves instead.
inline constexpr std::size_t kMaxStreams = 4096;

// The paths that can answer the filter, the ones expected to be narrower first; by_time, which always can, is the last.
// A filter with ids has one path only. Those by_word serve where there is a whole index by word.
std::vector<AccessPath> access_paths(const Filter& filter);

// What a probe saw of a path inside the filter's window, scaled to all its streams.
struct Density {
  double entries = 0;
  double seconds = 1;  // the time they are spread over, at least 1
};

// The index into paths of the cheapest, for `wanted` answers. densities[i] belongs to paths[i]; both are of the same
// size and not empty.
std::size_t choose_path(std::span<const AccessPath> paths, std::span<const Density> densities, std::size_t wanted);

// The broadest scans: by_kind for few kinds, else by_time.
AccessPath broad_path(const Filter& filter);

// The broad scan to try before opening the streams of `path`: by_kind for few kinds, else by_time. nullopt where the
// path has too few streams for a trial to pay.
std::optional<AccessPath> trial_of(const Filter& filter, const AccessPath& path);

// Whether a trial that met `scanned` candidates and `matched` matches should go on for `wanted` matches in all, when
// the alternative is to open `streams` streams.
bool trial_goes_on(std::size_t scanned, std::size_t matched, std::size_t wanted, std::size_t streams);

}  // namespace pharos::storage
