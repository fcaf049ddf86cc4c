#include "storage/packed_tags.h"

#include "util/bytes.h"
#include "util/hex.h"

namespace pharos::storage {
namespace {

// The head of what would be the hex of no bytes.
constexpr std::uint32_t kReference = 1;

void append_varint(std::string& out, std::size_t value) {
  while (value >= 0x80) {
    out += static_cast<char>(value | 0x80);
    value >>= 7U;
  }
  out += static_cast<char>(value);
}

}  // namespace

PackedItem pack_item(std::string_view text, std::string& scratch) {
  PackedItem item;
  item.bytes = as_bytes(text);
  if (text.empty() || text.size() % 2 != 0) return item;
  scratch.resize(text.size() / 2);
  const std::span<std::uint8_t> raw(reinterpret_cast<std::uint8_t*>(scratch.data()), scratch.size());
  item.hex = decode_hex(text, raw);
  if (item.hex) item.bytes = raw;
  return item;
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

void pack_tags(const TagList& tags, std::string& out) {
  out.clear();
  for (const TagView tag : tags) {
    append_varint(out, tag.size());
    for (std::size_t i = 0; i < tag.size(); ++i) append_item(out, tag[i]);
  }
}

void append_tag_head(std::string& out, std::size_t items) { append_varint(out, items); }

void append_packed_item(std::string& out, const PackedItem& item) {
  if (item.entry != kNoEntry) {
    append_varint(out, kReference);
    append_varint(out, item.entry);
    return;
  }
  append_varint(out, item.bytes.size() * 2 + (item.hex ? 1 : 0));
  out += as_text(item.bytes);
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
  if (!bytes_.empty() && bytes_[0] < 0x80U) {
    value = bytes_[0];
    bytes_ = bytes_.subspan(1);
    return true;
  }
  std::uint64_t wide = 0;
  for (std::size_t i = 0; i < 5 && i < bytes_.size(); ++i) {
    wide |= static_cast<std::uint64_t>(bytes_[i] & 0x7fU) << (7 * i);
    if ((bytes_[i] & 0x80U) != 0) continue;
    if (wide > UINT32_MAX) break;
    bytes_ = bytes_.subspan(i + 1);
    value = static_cast<std::uint32_t>(wide);
    return true;
  }
  return fail();
}

bool PackedTagReader::fail() {
  malformed_ = true;
  bytes_ = {};
  items_left_ = 0;
  return false;
}

bool PackedTagReader::read_reference(PackedItem& item) {
  std::uint32_t number = 0;
  if (!read_varint(number)) return false;
  if (dictionary_ == nullptr || number == kNoEntry) return fail();
  item.bytes = dictionary_->entry(number);
  if (item.bytes.empty()) return fail();
  --items_left_;
  item.hex = true;
  item.entry = number;
  return true;
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
  if (head == kReference) return read_reference(item);
  const std::size_t size = head >> 1U;
  if (size > bytes_.size()) return fail();
  --items_left_;
  item.bytes = bytes_.first(size);
  item.hex = (head & 1U) != 0;
  item.entry = kNoEntry;
  bytes_ = bytes_.subspan(size);
  return true;
}

}  // namespace pharos::storage
