// Many authors as a set: refuses most records of others by eight bytes of the key, where a scan is driven by something
// else. A binary search over 500 whole keys costs more than reading the record that it judges.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "storage/keys.h"
#include "storage/record.h"

namespace pharos::storage {

class AuthorSet {
 public:
  // Holds everyone.
  AuthorSet() = default;
  explicit AuthorSet(std::span<const PublicKey> authors) {
    if (authors.size() < kWorthIt) return;
    slots_.resize(std::bit_ceil(authors.size() * 4));
    for (const PublicKey& author : authors) {
      const std::uint64_t prefix = prefix8(author);
      std::size_t at = slot(prefix);
      while (slots_[at] != 0 && slots_[at] != prefix) at = (at + 1) % slots_.size();
      if (prefix == 0) has_zero_ = true;
      slots_[at] = prefix;
    }
  }

  // False only when the author is none of them.
  bool may_hold(const RecordView& record) const {
    if (slots_.empty()) return true;
    const std::uint64_t prefix = prefix8(record.pubkey());
    if (prefix == 0) return has_zero_;
    for (std::size_t at = slot(prefix); slots_[at] != 0; at = (at + 1) % slots_.size()) {
      if (slots_[at] == prefix) return true;
    }
    return false;
  }

 private:
  static constexpr std::size_t kWorthIt = 16;

  // Public keys are as good as random; a filter of crafted ones slows itself down only.
  std::size_t slot(std::uint64_t prefix) const { return prefix & (slots_.size() - 1); }

  std::vector<std::uint64_t> slots_;  // open addressing, at most a quarter full; 0 is free
  bool has_zero_ = false;
};

}  // namespace pharos::storage
