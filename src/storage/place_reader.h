// Reads many place lists of a frozen memtable, one after the other for who asks, side by side in memory: a list's nodes
// lie anywhere, and whoever follows one list alone waits for each of them. One thread.
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "storage/place_lists.h"

namespace pharos::storage {

// Lists that are read have places.
using KeyPlaces = std::pair<Key, const PlaceList*>;

class PlaceReader {
 public:
  // visit(key, place) for each place of each list, in the order of the lists and of their places.
  template <class Visit>
  void read(std::span<const KeyPlaces> lists, const Visit& visit) {
    while (!lists.empty()) {
      const std::span<const KeyPlaces> some = lists.first(fetch(lists));
      const Candidate* place = places_.data();
      for (const auto& [key, list] : some) {
        for (const Candidate* const end = place + list->size(); place != end; ++place) visit(key, *place);
      }
      lists = lists.subspan(some.size());
    }
  }

 private:
  struct Walk {
    const PlaceList::Node* at;
    Candidate* to;
  };

  // The places of the first lists, as many as it returns, back to back.
  std::size_t fetch(std::span<const KeyPlaces> lists);

  std::vector<Candidate> places_;
  std::vector<Walk> walks_;
};

}  // namespace pharos::storage
