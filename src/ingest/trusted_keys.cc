#include "ingest/trusted_keys.h"

#include <algorithm>

#include "util/release_memory.h"

namespace pharos::ingest {
namespace {

constexpr std::size_t kFirstPlaces = 1024;

}  // namespace

TrustedKeys::TrustedKeys(Random& random) : places_(kFirstPlaces) { random.fill(secret_); }

std::size_t TrustedKeys::first_place(const PublicKey& key) const {
  return siphash(secret_, key.span()) % places_.size();
}

std::size_t TrustedKeys::find(const PublicKey& key) const {
  for (std::size_t at = first_place(key); places_[at] != 0; at = (at + 1) % places_.size()) {
    if (keys_[places_[at] - 1] == key) return places_[at] - 1;
  }
  return keys_.size();
}

bool TrustedKeys::insert(const PublicKey& key) {
  if (contains(key)) return false;
  // At most three quarters full, at least half of it after the first.
  if ((keys_.size() + 1) * 4 > places_.size() * 3) grow();
  keys_.push_back(key);
  std::size_t at = first_place(key);
  while (places_[at] != 0) at = (at + 1) % places_.size();
  places_[at] = static_cast<std::uint32_t>(keys_.size());
  return true;
}

void TrustedKeys::grow() {
  const std::size_t more = places_.size() + places_.size() / 2;
  release_memory(places_);
  places_.resize(more);
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    std::size_t at = first_place(keys_[i]);
    while (places_[at] != 0) at = (at + 1) % places_.size();
    places_[at] = static_cast<std::uint32_t>(i + 1);
  }
}

}  // namespace pharos::ingest
