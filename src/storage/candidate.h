// What an index says about an event before its record is read: enough to order, to compare and to refuse by sequence
// number. The first three bytes of the id stand for the id; events that share them are told apart in the record.
#pragma once

#include <compare>
#include <cstdint>

#include "storage/store.h"

namespace pharos::storage {

struct Candidate {
  UnixSeconds created_at = 0;
  std::uint32_t tie = 0;  // the first three bytes of the id, big-endian, so that numbers order as the bytes do
  Seq seq = 0;

  friend bool operator==(const Candidate&, const Candidate&) = default;
};

// The order of answers as far as the index knows it (NIP-01: newest first, then ascending id); ties by seq, so that the
// same event out of several streams comes in a row.
inline bool comes_before(const Candidate& a, const Candidate& b) {
  if (a.created_at != b.created_at) return a.created_at > b.created_at;
  if (a.tie != b.tie) return a.tie < b.tie;
  return a.seq < b.seq;
}

// True when only the records can tell which of the two comes first.
inline bool same_place(const Candidate& a, const Candidate& b) {
  return a.created_at == b.created_at && a.tie == b.tie;
}

// What an index is asked for, as keys.h makes it.
using Key = std::uint64_t;

// One entry of an index.
struct Posting {
  Key key = 0;
  Candidate place;

  friend bool operator==(const Posting&, const Posting&) = default;
  // By key, then in the order of answers: how an index lies on disk.
  friend std::strong_ordering operator<=>(const Posting& a, const Posting& b) {
    if (a.key != b.key) return a.key <=> b.key;
    if (comes_before(a.place, b.place)) return std::strong_ordering::less;
    return a.place == b.place ? std::strong_ordering::equal : std::strong_ordering::greater;
  }
};

}  // namespace pharos::storage
