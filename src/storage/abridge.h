// Records whose tags refer to the dictionary. The log and memtables hold plain records, LMDB abridged ones; a plain
// record is an abridged one without references. No state; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "storage/record.h"
#include "util/bytes.h"

namespace pharos::storage {

// Replaces out by the plain record with every 32-byte hex item of its tags that has a number replaced by a reference;
// all else is byte for byte what encode_record() made. number_of(EntryBytes) -> std::optional<EntryNumber> is asked
// once for each such item, in their order.
template <class NumberOf>
void abridge(const RecordView& plain, const NumberOf& number_of, std::string& out);

// True when the record is what encode_record() makes of its event but for the references; for `db check`. The record
// passed verify_record().
bool is_canonical(const RecordView& record);

template <class NumberOf>
void abridge(const RecordView& plain, const NumberOf& number_of, std::string& out) {
  bool changed = false;
  std::string packed;
  packed.reserve(plain.bytes().size());
  PackedItem item;
  for (PackedTagReader tags = plain.tags(); tags.next_tag();) {
    append_tag_head(packed, tags.items_left());
    while (tags.next_item(item)) {
      if (item.hex && item.bytes.size() == kEntryBytes) {
        const std::optional<EntryNumber> number = number_of(item.bytes.first<kEntryBytes>());
        if (number) {
          item.entry = *number;
          changed = true;
        }
      }
      append_packed_item(packed, item);
    }
  }
  if (changed) {
    encode_with_tags(plain, as_bytes(packed), out);
  } else {
    out = as_text(plain.bytes());
  }
}

}  // namespace pharos::storage
