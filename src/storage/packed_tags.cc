#include "storage/packed_tags.h"

#include "util/bytes.h"
#include "util/hex.h"

namespace pharos::storage {
namespace {

void append_varint(std::string& out, std::size_t value) {
  while (value >= 0x80) {
    out += static_cast<char>(value | 0x80);
    value >>= 7U;
  }
  out += static_cast<char>(value);
}

void append_item(std::string& out, std::string_view item) {
  if (!item.empty() && item.size() % 2 == 0) {
    const std::size_t before = out.size();
    append_varint(out, item.size() + 1);
    const std::size_t at = out.size();
    out.resize(at + item.size() / 2);
    if (decode_hex(item, {reinterpret_cast<std::uint8_t*>(out.data()) + at, item.size() / 2})) return;
    out.resize(before);
  }
  append_varint(out, item.size() * 2);
  out += item;
}

}  // namespace

void pack_tags(const TagList& tags, std::string& out) {
  out.clear();
  for (const TagView tag : tags) {
    append_varint(out, tag.size());
    for (std::size_t i = 0; i < tag.size(); ++i) append_item(out, tag[i]);
  }
}

void PackedItem::append_text(std::string& out) const {
  if (!hex) {
    out += as_text(bytes);
    return;
  }
  const std::size_t at = out.size();
  out.resize(at + bytes.size() * 2);
  encode_hex(bytes, out.data() + at);
}

std::string_view PackedItem::text(std::string& scratch) const {
  if (!hex) return as_text(bytes);
  scratch.clear();
  append_text(scratch);
  return scratch;
}

bool PackedTagReader::read_varint(std::uint32_t& value) {
  std::uint64_t wide = 0;
  for (std::size_t i = 0; i < 5 && i < bytes_.size(); ++i) {
    wide |= static_cast<std::uint64_t>(bytes_[i] & 0x7fU) << (7 * i);
    if ((bytes_[i] & 0x80U) != 0) continue;
    if (wide > UINT32_MAX) break;
    bytes_ = bytes_.subspan(i + 1);
    value = static_cast<std::uint32_t>(wide);
    return true;
  }
  malformed_ = true;
  bytes_ = {};
  items_left_ = 0;
  return false;
}

bool PackedTagReader::next_tag() {
  PackedItem skipped;
  while (next_item(skipped)) {
  }
  std::uint32_t count = 0;
  if (bytes_.empty() || !read_varint(count)) return false;
  items_left_ = count;
  return true;
}

bool PackedTagReader::next_item(PackedItem& item) {
  std::uint32_t head = 0;
  if (items_left_ == 0 || !read_varint(head)) return false;
  const std::size_t size = head >> 1U;
  if (size > bytes_.size()) {
    malformed_ = true;
    bytes_ = {};
    items_left_ = 0;
    return false;
  }
  --items_left_;
  item.bytes = bytes_.first(size);
  item.hex = (head & 1U) != 0;
  bytes_ = bytes_.subspan(size);
  return true;
}

}  // namespace pharos::storage
