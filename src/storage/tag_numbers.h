// Which ids and public keys in the tags of one merge's events have numbers of the dictionary, and which get one now.
// Peers choose the bytes, so they are hashed under the database's key. One thread, for the time of one merge.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "storage/keys.h"
#include "storage/record.h"

namespace pharos::storage {

class TagNumbers {
 public:
  // An item enters the dictionary when it occurs this often among the events of one merge. An entry takes 32 bytes, its
  // place in the store's index about as much again; each reference saves some 29.
  static constexpr std::uint32_t kWorthAnEntry = 3;

  explicit TagNumbers(const SipKey& hash_key);

  // Notes the 32-byte hex items of a plain record's tags, at any position.
  void count(const RecordView& plain);

  // With the key of the entry in the index by_entry.
  using NumberOf = std::function<std::optional<EntryNumber>(Key, EntryBytes)>;
  using Add = std::function<std::optional<EntryNumber>(Key, EntryBytes)>;
  // Once, after the last count(). Asks number_of for each item that was noted, in the order of keys; then has those
  // added that are worth it and have no number, in order of first occurrence. add gives no number when the dictionary
  // is full.
  void assign(const NumberOf& number_of, const Add& add);

  // For abridge(), after assign(): the number, where it has one, of each item in the order in which they were noted. As
  // often as items were noted.
  std::optional<EntryNumber> next();

 private:
  struct Item {
    std::array<std::uint8_t, kEntryBytes> bytes;
    std::uint64_t hash = 0;
    std::uint32_t count = 0;
  };

  // The slot of the item, or the free one where it would go.
  std::size_t find(std::uint64_t hash, EntryBytes bytes) const;
  void grow();

  SipKey hash_key_;
  std::vector<Item> items_;                 // in order of first occurrence
  std::vector<EntryNumber> numbers_;        // of the items, kNoEntry for none; by assign()
  std::vector<std::uint32_t> occurrences_;  // which item, in the order of count()
  std::size_t next_ = 0;                    // of the occurrences
  // Open addressing: the upper half of the hash above the index of the item plus 1; 0 is free. A power of two long.
  std::vector<std::uint64_t> slots_;
};

}  // namespace pharos::storage
