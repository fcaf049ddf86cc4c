// What an index says about an event before its record is read: enough to order, to compare and to refuse by sequence
// number. The first eight bytes of the id stand for the id; events that share them are told apart in the record.
#pragma once

#include <cstdint>

#include "storage/store.h"

namespace pharos::storage {

struct Candidate {
  UnixSeconds created_at = 0;
  std::uint64_t id_prefix = 0;  // big-endian, so that numbers order as the bytes do
  Seq seq = 0;

  friend bool operator==(const Candidate&, const Candidate&) = default;
};

// The order of answers as far as the index knows it (NIP-01: newest first, then ascending id); ties by seq, so that the
// same event out of several streams comes in a row.
inline bool comes_before(const Candidate& a, const Candidate& b) {
  if (a.created_at != b.created_at) return a.created_at > b.created_at;
  if (a.id_prefix != b.id_prefix) return a.id_prefix < b.id_prefix;
  return a.seq < b.seq;
}

// True when only the records can tell which of the two comes first.
inline bool same_place(const Candidate& a, const Candidate& b) {
  return a.created_at == b.created_at && a.id_prefix == b.id_prefix;
}

}  // namespace pharos::storage
