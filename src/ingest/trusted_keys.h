// The keys within some follows of others, in the order in which they were found: some 40 bytes each, whatever their
// number. Not changed once it is shared; then any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "nostr/types.h"
#include "util/random.h"
#include "util/siphash.h"

namespace pharos::ingest {

class TrustedKeys {
 public:
  // Its hash has a secret of its own: who is followed writes keys as he likes.
  explicit TrustedKeys(Random& random);

  // False when it is there already.
  bool insert(const PublicKey& key);
  bool contains(const PublicKey& key) const { return find(key) < keys_.size(); }
  // Whether the follows of this key were looked at, so that a new list of it changes the whole.
  bool looked_at(const PublicKey& key) const { return find(key) < looked_at_; }
  void set_looked_at(std::size_t keys) { looked_at_ = keys; }

  std::size_t size() const { return keys_.size(); }
  const PublicKey& operator[](std::size_t i) const { return keys_[i]; }
  std::size_t bytes() const { return keys_.size() * sizeof(PublicKey) + places_.size() * sizeof(std::uint32_t); }
  // There were more than it may hold.
  bool is_capped = false;

 private:
  std::size_t first_place(const PublicKey& key) const;
  // The number of the key, or more than there are.
  std::size_t find(const PublicKey& key) const;
  void grow();

  SipKey secret_{};
  std::deque<PublicKey> keys_;
  std::vector<std::uint32_t> places_;  // open addressing: 1 + the number of a key, 0 for none
  std::size_t looked_at_ = 0;
};

}  // namespace pharos::ingest
