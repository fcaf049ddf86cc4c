// The tags of a record, packed:
//
//   tags    = tag*                           as many as the record's tag_count
//   tag     = varint(count) item*            count items
//   item    = varint(2 * n) n bytes          the item as it is
//           | varint(2 * n + 1) n bytes      the n bytes whose 2 * n lower-case hex digits are the item; always chosen
//                                            where it fits, so equal items have equal bytes
//           | varint(1) varint(number)     the 32 bytes of that entry of the dictionary, in hex; only in LMDB's
//           records,
//                                            where abridge() put it (an empty item is written as it is, so 1 was free)
//   varint  = 7 bits a byte, low bits first, the top bit set on all but the last byte; at most 5 bytes
//
// Ids and public keys, most of what tags hold, take 33 bytes instead of 66, and two to five where they recur.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "nostr/tags.h"
#include "storage/dictionary.h"

namespace pharos::storage {

// Replaces out.
void pack_tags(const TagList& tags, std::string& out);

inline constexpr EntryNumber kNoEntry = UINT32_MAX;

struct PackedItem {
  std::span<const std::uint8_t> bytes;  // of the dictionary where the item refers to it
  bool hex = false;
  EntryNumber entry = kNoEntry;  // what the item refers to

  std::size_t text_size() const { return hex ? bytes.size() * 2 : bytes.size(); }
  void append_text(std::string& out) const;
  // The item as the event has it; scratch is replaced when it has to be spelled out.
  std::string_view text(std::string& scratch) const;
  // True for an item of this one byte.
  bool is(char byte) const { return !hex && bytes.size() == 1 && bytes[0] == static_cast<std::uint8_t>(byte); }
};

// The pieces of the grammar, for whoever writes packed tags from packed tags.
void append_tag_head(std::string& out, std::size_t items);
void append_item(std::string& out, std::string_view text);
void append_packed_item(std::string& out, const PackedItem& item);

// The item that a text is packed as; scratch backs it.
PackedItem pack_item(std::string_view text, std::string& scratch);

// Reads packed tags in order. Bytes that do not follow the grammar, and references to what the dictionary does not
// have, end it early; nothing is read beyond.
class PackedTagReader {
 public:
  // Without a dictionary no reference is known.
  explicit PackedTagReader(std::span<const std::uint8_t> bytes, const Dictionary* dictionary = nullptr)
      : bytes_(bytes), dictionary_(dictionary) {}

  // To the next tag, over the items of this one that were not read.
  bool next_tag();
  // Within the tag.
  std::size_t items_left() const { return items_left_; }
  bool next_item(PackedItem& item);

  // True when the bytes broke the grammar; final once next_tag() has returned false.
  bool malformed() const { return malformed_; }

 private:
  bool read_varint(std::uint32_t& value);
  bool read_reference(PackedItem& item);
  bool fail();

  std::span<const std::uint8_t> bytes_;
  const Dictionary* dictionary_;
  std::size_t items_left_ = 0;
  bool malformed_ = false;
};

}  // namespace pharos::storage
