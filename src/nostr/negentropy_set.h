// The sorted set of events that one side of a negentropy reconciliation has (NIP-77), as its algorithm asks for it, and
// the plain one that holds its items in memory.
//
// Items are in the order of the protocol: by created_at, then by id, ascending. Not synchronized.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "nostr/types.h"

namespace pharos {

struct NegItem {
  UnixSeconds created_at = 0;  // not negative
  EventId id;

  friend auto operator<=>(const NegItem&, const NegItem&) = default;
};

// The end of a range: the items before it are those that are less. Of a shorter prefix the rest of the id is zeros.
struct NegBound {
  static constexpr std::uint64_t kInfinity = ~std::uint64_t{0};

  std::uint64_t timestamp = 0;
  EventId id;
  std::uint8_t id_bytes = 0;  // of the prefix, as it is written

  static NegBound infinity() { return {kInfinity, {}, 0}; }
  // The shortest that parts two items that follow one another.
  static NegBound between(const NegItem& last, const NegItem& first);

  friend bool operator<(const NegBound& a, const NegBound& b) {
    return a.timestamp != b.timestamp ? a.timestamp < b.timestamp : a.id < b.id;
  }
};
inline bool is_before(const NegItem& item, const NegBound& bound) {
  const auto timestamp = static_cast<std::uint64_t>(item.created_at);
  return timestamp != bound.timestamp ? timestamp < bound.timestamp : item.id < bound.id;
}

// The sum of ids as little-endian numbers, modulo 2^256.
class NegSum {
 public:
  NegSum& operator+=(const NegSum& other);
  NegSum& operator-=(const NegSum& other);
  NegSum& operator+=(const EventId& id) { return *this += of(id); }
  NegSum& operator-=(const EventId& id) { return *this -= of(id); }
  std::array<std::uint8_t, 32> bytes() const;

  friend bool operator==(const NegSum&, const NegSum&) = default;

 private:
  static NegSum of(const EventId& id);
  std::array<std::uint64_t, 4> words_{};  // the least first
};

class NegSet {
 public:
  virtual ~NegSet() = default;
  virtual std::size_t size() const = 0;
  // The index of the first item at or behind the bound, `from` or greater.
  virtual std::size_t find(std::size_t from, const NegBound& bound) const = 0;
  virtual NegItem at(std::size_t index) const = 0;
  // Of the items from `begin` to before `end`.
  virtual NegSum sum(std::size_t begin, std::size_t end) const = 0;
};

// Holds its items, 40 bytes each; a look-up takes O(log n), a sum O(1).
class NegItems final : public NegSet {
 public:
  // In the order in which queries answer: newest first, those of one second by ascending id, none twice.
  void add(const NegItem& item);
  // After the last add(), before anything is asked.
  void seal();

  std::size_t size() const override { return size_; }
  std::size_t find(std::size_t from, const NegBound& bound) const override;
  NegItem at(std::size_t index) const override { return item(size_ - 1 - index); }
  NegSum sum(std::size_t begin, std::size_t end) const override;

  // What another add() may come to take at most, and what was taken.
  static constexpr std::size_t kMostGrowth = 24 * 1024;
  std::size_t bytes() const { return chunks_.size() * (sizeof(Chunk) + sizeof(NegSum) + sizeof(chunks_[0])); }

 private:
  static constexpr std::size_t kChunk = 128;
  using Chunk = std::array<NegItem, kChunk>;

  // By place, newest first.
  NegItem& item(std::size_t place) { return (*chunks_[place / kChunk])[place % kChunk]; }
  const NegItem& item(std::size_t place) const { return (*chunks_[place / kChunk])[place % kChunk]; }
  void end_second();
  NegSum sum_before(std::size_t place) const;

  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::vector<NegSum> sums_;  // of all places before a chunk; for those before second_begin_
  std::size_t size_ = 0;
  std::size_t second_begin_ = 0;  // of the items of the oldest second, which are not turned round yet
};

}  // namespace pharos
