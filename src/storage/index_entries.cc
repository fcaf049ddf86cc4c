#include "storage/index_entries.h"

#include <algorithm>

#include "nostr/kind.h"
#include "nostr/search_words.h"

namespace pharos::storage {
namespace {

bool is_indexed_name(const PackedItem& name) {
  if (name.hex || name.bytes.size() != 1) return false;
  const std::uint8_t letter = name.bytes[0];
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
}

void add_once(Table table, std::vector<Key>& keys, const Candidate& place, std::vector<IndexEntry>& out) {
  std::ranges::sort(keys);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (i == 0 || keys[i] != keys[i - 1]) out.push_back({table, {keys[i], place}});
  }
}

Candidate place_of(const RecordView& record) { return {record.created_at(), tie_of(record.id()), record.seq()}; }

void list_tag_entries(const RecordView& record, const SipKey& hash_key, const Candidate& place,
                      std::vector<IndexEntry>& out) {
  thread_local std::vector<Key> keys;
  keys.clear();
  PackedItem name;
  PackedItem value;
  for (PackedTagReader tags = record.tags(); tags.next_tag();) {
    if (!tags.next_item(name) || !is_indexed_name(name) || !tags.next_item(value)) continue;
    keys.push_back(tag_key(hash_key, static_cast<char>(name.bytes[0]), value));
  }
  add_once(Table::by_tag, keys, place, out);
}

}  // namespace

std::string_view record_identifier(const RecordView& record, std::string& scratch) {
  PackedItem item;
  for (PackedTagReader tags = record.tags(); tags.next_tag();) {
    if (!tags.next_item(item) || !item.is('d')) continue;
    return tags.next_item(item) ? item.text(scratch) : std::string_view();
  }
  return {};
}

void list_word_entries(const RecordView& record, const IndexRules& rules, std::vector<IndexEntry>& out) {
  if (!std::ranges::binary_search(rules.searched, record.kind())) return;
  thread_local WordList words;
  thread_local std::vector<Key> keys;
  read_record_words(record, words);
  keys.clear();
  for (std::size_t i = 0; i < words.size(); ++i) keys.push_back(word_key(rules.hash_key, words[i]));
  add_once(Table::by_word, keys, place_of(record), out);
}

void list_index_entries(const RecordView& record, const IndexRules& rules, std::vector<IndexEntry>& out) {
  const SipKey& hash_key = rules.hash_key;
  const EventId id = record.id();
  const PublicKey author = record.pubkey();
  const Kind kind = record.kind();
  const Candidate bare{0, 0, record.seq()};
  const Candidate place = place_of(record);

  out.push_back({Table::by_id, {id_key(hash_key, id), bare}});
  out.push_back({Table::by_time, {time_key(), place}});
  out.push_back({Table::by_kind, {kind_key(kind), place}});
  out.push_back({Table::by_author, {author_key(hash_key, author), place}});
  out.push_back({Table::by_author_kind, {author_kind_key(hash_key, author, kind), place}});
  list_tag_entries(record, hash_key, place, out);
  list_word_entries(record, rules, out);

  if (has_address(kind)) {
    std::string scratch;
    const Key key = replaceable_key(hash_key, author, kind, record_identifier(record, scratch));
    out.push_back({Table::replaceable, {key, bare}});
  }
  if (const std::optional<UnixSeconds> at = record.expires_at())
    out.push_back({Table::expiry, {expiry_key(*at), bare}});
}

}  // namespace pharos::storage
