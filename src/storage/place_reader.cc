#include "storage/place_reader.h"

namespace pharos::storage {
namespace {

// Fetches of memory that a core has under way at a time, about.
constexpr std::size_t kSideBySide = 16;

// What is read before it is visited, about: it stays in the cache.
constexpr std::size_t kPlaces = 4096;

}  // namespace

std::size_t PlaceReader::fetch(std::span<const KeyPlaces> lists) {
  std::size_t count = 0;
  std::size_t places = 0;
  for (; count < lists.size() && places < kPlaces; ++count) {
    if (count + kSideBySide < lists.size()) lists[count + kSideBySide].second->prefetch();
    places += lists[count].second->size();
  }
  if (places_.size() < places) places_.resize(places);

  Candidate* to = places_.data();
  std::size_t next = 0;
  const auto begin_next = [&] {
    const PlaceList& list = *lists[next++].second;
    const Walk walk{list.newest(), to};
    to += list.size();
    return walk;
  };
  walks_.clear();
  while (next < count && walks_.size() < kSideBySide) walks_.push_back(begin_next());
  while (!walks_.empty()) {
    for (std::size_t i = 0; i < walks_.size(); ++i) {
      Walk& walk = walks_[i];
      *walk.to++ = walk.at->place;
      walk.at = walk.at->next();
      if (walk.at != nullptr) {
        __builtin_prefetch(walk.at);
      } else if (next < count) {
        walk = begin_next();
      } else {
        walk = walks_.back();
        walks_.pop_back();
      }
    }
  }
  return count;
}

}  // namespace pharos::storage
