#include "storage/record.h"

#include <algorithm>

#include "event_record_generated.h"
#include "nostr/json_write.h"
#include "nostr/search_query.h"
#include "nostr/search_text.h"
#include "util/bytes.h"
#include "util/check.h"
#include "util/hex.h"
#include "util/release_memory.h"

namespace pharos::storage {
namespace {

static_assert(alignof(schema::EventHead) == kRecordAlignment);
static_assert(sizeof(schema::EventHead) % kRecordAlignment == 0);

// 0 stands for none in the record; whatever expired at 0 has expired at 1 as well.
constexpr std::uint64_t kFirstExpiry = 1;

// Scratch kept between calls of a thread is at most about this large.
constexpr std::size_t kKeptScratch = std::size_t{1} << 20;

const schema::EventRecord& root(std::span<const std::uint8_t> bytes) { return *schema::GetEventRecord(bytes.data()); }

const schema::EventHead& head(std::span<const std::uint8_t> bytes) { return *root(bytes).head(); }

template <class Fixed>
Fixed copy(const flatbuffers::Array<std::uint8_t, Fixed::kSize>* from) {
  Fixed out;
  std::copy_n(from->data(), Fixed::kSize, out.data.data());
  return out;
}

template <class Fixed>
bool is_one_of(const std::vector<Fixed>& sorted, const flatbuffers::Array<std::uint8_t, Fixed::kSize>* bytes) {
  return std::ranges::binary_search(sorted, copy<Fixed>(bytes));
}

void append_hex_field(std::string& out, std::string_view name, std::span<const std::uint8_t> bytes) {
  out += name;
  const std::size_t at = out.size();
  out.resize(at + bytes.size() * 2);
  encode_hex(bytes, out.data() + at);
}

void append_item_json(std::string& out, const PackedItem& item) {
  if (!item.hex) {
    append_json_string(out, as_text(item.bytes));
    return;
  }
  out += '"';
  item.append_text(out);
  out += '"';
}

void append_tags_json(std::string& out, PackedTagReader tags) {
  out += '[';
  bool first_tag = true;
  PackedItem item;
  while (tags.next_tag()) {
    if (!first_tag) out += ',';
    first_tag = false;
    out += '[';
    bool first_item = true;
    while (tags.next_item(item)) {
      if (!first_item) out += ',';
      first_item = false;
      append_item_json(out, item);
    }
    out += ']';
  }
  out += ']';
}

bool matches_tags(const std::vector<TagCondition>& conditions, PackedTagReader tags) {
  std::uint64_t met = 0;
  std::size_t left = conditions.size();
  if (left > 64) return false;
  std::string scratch;
  PackedItem item;
  while (left > 0 && tags.next_tag()) {
    if (!tags.next_item(item) || item.hex || item.bytes.size() != 1) continue;
    for (std::size_t i = 0; i < conditions.size(); ++i) {
      if (!item.is(conditions[i].name)) continue;
      const std::uint64_t bit = std::uint64_t{1} << i;
      if ((met & bit) != 0 || !tags.next_item(item)) break;
      if (std::ranges::binary_search(conditions[i].values, item.text(scratch), std::less<>())) {
        met |= bit;
        --left;
      }
      break;
    }
  }
  return left == 0;
}

void build(const schema::EventHead& fixed, std::span<const std::uint8_t> packed_tags,
           std::span<const std::uint8_t> text, std::uint64_t expires_at, std::string& out) {
  thread_local flatbuffers::FlatBufferBuilder builder;
  builder.Clear();
  flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> content;
  flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> tags;
  if (!text.empty()) content = builder.CreateVector(text.data(), text.size());
  if (!packed_tags.empty()) tags = builder.CreateVector(packed_tags.data(), packed_tags.size());
  builder.Finish(schema::CreateEventRecord(builder, &fixed, tags, content, expires_at));
  PHAROS_DEBUG_CHECK(builder.GetSize() % kRecordAlignment == 0);
  out.assign(reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize());
  if (out.size() > kKeptScratch) builder.Reset();
}

}  // namespace

EventId RecordView::id() const { return copy<EventId>(head(bytes_).id()); }
PublicKey RecordView::pubkey() const { return copy<PublicKey>(head(bytes_).pubkey()); }
Signature RecordView::sig() const { return copy<Signature>(head(bytes_).sig()); }
UnixSeconds RecordView::created_at() const { return static_cast<UnixSeconds>(head(bytes_).created_at()); }
Kind RecordView::kind() const { return head(bytes_).kind(); }
std::size_t RecordView::tag_count() const { return head(bytes_).tag_count(); }

PackedTagReader RecordView::tags() const {
  const flatbuffers::Vector<std::uint8_t>* tags = root(bytes_).tags();
  if (tags == nullptr) return PackedTagReader({});
  return PackedTagReader({tags->data(), tags->size()}, dictionary_);
}

std::string_view RecordView::content() const {
  const flatbuffers::Vector<std::uint8_t>* content = root(bytes_).content();
  if (content == nullptr) return {};
  return as_text({content->data(), content->size()});
}

std::optional<UnixSeconds> RecordView::expires_at() const {
  const std::uint64_t at = root(bytes_).expires_at();
  return at == 0 ? std::nullopt : std::optional(static_cast<UnixSeconds>(at));
}

bool RecordView::is_expired(UnixSeconds now) const {
  const std::uint64_t at = root(bytes_).expires_at();
  return at != 0 && static_cast<UnixSeconds>(at) <= now;
}

void RecordView::append_json(std::string& out) const {
  const schema::EventHead& fixed = head(bytes_);
  const std::string_view text = content();
  // Room for the usual event at once: the fixed part, hex tags at twice their size, a few escapes.
  out.reserve(out.size() + 400 + 2 * (bytes_.size() - text.size()) + text.size());
  append_hex_field(out, R"({"id":")", {fixed.id()->data(), EventId::kSize});
  append_hex_field(out, R"(","pubkey":")", {fixed.pubkey()->data(), PublicKey::kSize});
  out += R"(","created_at":)";
  append_json_integer(out, static_cast<std::int64_t>(fixed.created_at()));
  out += R"(,"kind":)";
  append_json_integer(out, fixed.kind());
  out += R"(,"tags":)";
  append_tags_json(out, tags());
  out += R"(,"content":)";
  append_json_string(out, text);
  append_hex_field(out, R"(,"sig":")", {fixed.sig()->data(), Signature::kSize});
  out += R"("})";
}

void RecordView::decode(Event& out) const {
  const schema::EventHead& fixed = head(bytes_);
  out.id = copy<EventId>(fixed.id());
  out.pubkey = copy<PublicKey>(fixed.pubkey());
  out.sig = copy<Signature>(fixed.sig());
  out.created_at = static_cast<UnixSeconds>(fixed.created_at());
  out.kind = fixed.kind();
  out.content.assign(content());
  out.tags.clear();
  std::string scratch;
  PackedItem item;
  for (PackedTagReader reader = tags(); reader.next_tag();) {
    while (reader.next_item(item)) out.tags.add_item(item.text(scratch));
    out.tags.end_tag();
  }
}

bool RecordView::matches(const Filter& filter) const {
  if (!matches_fields(filter)) return false;
  if (!filter.search) return true;
  thread_local WordList words;
  read_record_words(*this, words);
  return pharos::matches(*filter.search, words);
}

void read_record_words(const RecordView& record, WordList& out) {
  thread_local Event event;
  record.decode(event);
  read_search_text(event, out);
  if (reserved_bytes(event) > kKeptScratch) const Event given_up = std::move(event);
}

bool RecordView::matches_fields(const Filter& filter) const {
  const schema::EventHead& fixed = head(bytes_);
  const auto created = static_cast<UnixSeconds>(fixed.created_at());
  if (filter.since && created < *filter.since) return false;
  if (filter.until && created > *filter.until) return false;
  if (filter.kinds && !std::ranges::binary_search(*filter.kinds, fixed.kind())) return false;
  if (filter.authors && !is_one_of(*filter.authors, fixed.pubkey())) return false;
  if (filter.ids && !is_one_of(*filter.ids, fixed.id())) return false;
  return filter.tags.empty() || matches_tags(filter.tags, tags());
}

void encode_record(const Event& event, std::string& out) {
  thread_local std::string packed;
  pack_tags(event.tags, packed);
  using flatbuffers::span;
  const schema::EventHead fixed(span<const std::uint8_t, EventId::kSize>(event.id.data),
                                span<const std::uint8_t, PublicKey::kSize>(event.pubkey.data),
                                span<const std::uint8_t, Signature::kSize>(event.sig.data),
                                static_cast<std::uint64_t>(event.created_at), event.kind, 0,
                                static_cast<std::uint32_t>(event.tags.size()));
  const std::optional<UnixSeconds> expires_at = expiration(event);
  build(fixed, as_bytes(packed), as_bytes(event.content),
        expires_at ? std::max(static_cast<std::uint64_t>(*expires_at), kFirstExpiry) : 0, out);
  if (packed.capacity() > kKeptScratch) release_memory(packed);
}

void encode_with_tags(const RecordView& record, std::span<const std::uint8_t> packed_tags, std::string& out) {
  const std::span<const std::uint8_t> bytes = record.bytes();
  build(head(bytes), packed_tags, as_bytes(record.content()), root(bytes).expires_at(), out);
}

bool verify_record(std::span<const std::uint8_t> bytes, const Dictionary* dictionary) {
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % kRecordAlignment != 0) return false;
  if (bytes.size() % kRecordAlignment != 0) return false;
  flatbuffers::Verifier verifier(bytes.data(), bytes.size());
  if (!schema::VerifyEventRecordBuffer(verifier)) return false;
  const RecordView record(0, bytes, dictionary);
  if (record.created_at() < 0 || record.created_at() > kMaxCreatedAt) return false;
  if (root(bytes).expires_at() > static_cast<std::uint64_t>(INT64_MAX)) return false;
  PackedTagReader reader = record.tags();
  std::size_t tags = 0;
  while (reader.next_tag()) ++tags;
  return !reader.malformed() && tags == record.tag_count();
}

}  // namespace pharos::storage
