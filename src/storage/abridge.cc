#include "storage/abridge.h"

namespace pharos::storage {

bool is_canonical(const RecordView& record) {
  Event event;
  record.decode(event);
  std::string plain;
  encode_record(event, plain);

  std::string packed;
  std::string scratch;
  PackedItem item;
  for (PackedTagReader tags = record.tags(); tags.next_tag();) {
    append_tag_head(packed, tags.items_left());
    while (tags.next_item(item)) {
      if (item.entry != kNoEntry) {
        append_packed_item(packed, item);
      } else {
        append_item(packed, item.text(scratch));
      }
    }
  }
  std::string expected;
  encode_with_tags(RecordView(record.seq(), as_bytes(plain)), as_bytes(packed), expected);
  return expected == as_text(record.bytes());
}

}  // namespace pharos::storage
