#include "storage/word_index.h"

#include <algorithm>
#include <functional>
#include <string_view>

#include "nostr/search_words.h"
#include "storage/env.h"
#include "storage/index_entries.h"
#include "storage/index_merge.h"
#include "storage/keys.h"
#include "storage/meta.h"
#include "storage/stored_events.h"
#include "util/bytes.h"
#include "util/log.h"

namespace pharos::storage {
namespace {

constexpr std::string_view kStateKey = "by_word";
constexpr std::size_t kFixedBytes = kSeqBytes + kSeqBytes + 8 + 1;

// A batch ends with the event that brings so many: they are sorted in memory.
constexpr std::size_t kMostPostings = 200'000;

void add_number(std::string& out, std::uint64_t number, std::size_t width) {
  for (std::size_t i = width; i-- > 0;) out += static_cast<char>(number >> (8 * i));
}

std::optional<WordIndexState> decode(std::string_view value) {
  if (value.size() < kFixedBytes) return std::nullopt;
  std::span<const std::uint8_t> bytes = as_bytes(value);
  const auto take = [&bytes](std::size_t width) {
    const std::span<const std::uint8_t> taken = bytes.first(width);
    bytes = bytes.subspan(width);
    return taken;
  };
  WordIndexState state;
  state.built = get_big_endian(take(kSeqBytes));
  state.until = get_big_endian(take(kSeqBytes));
  state.generation = get_big_endian(take(8));
  const std::size_t rules = take(1).front();
  if (bytes.size() < rules || (bytes.size() - rules) % 2 != 0 || state.built > state.until) return std::nullopt;
  state.rules = as_text(take(rules));
  while (!bytes.empty()) state.kinds.push_back(static_cast<Kind>(get_big_endian(take(2))));
  return state;
}

bool is_empty(const Txn& txn, const Tables& tables) {
  return !Cursor(txn, tables[Table::by_word]).first() && !Cursor(txn, tables[Table::young_by_word]).first();
}

}  // namespace

std::optional<WordIndexState> read_word_index(const Txn& txn, const Tables& tables) {
  if (tables[Table::by_word] == kNoTable) return std::nullopt;
  const auto value = txn.get(tables[Table::meta], kStateKey);
  auto state = value ? decode(*value) : std::nullopt;
  // A program that does not know the index merges without it.
  if (state && state->generation != read_merged_generation(txn, tables)) return std::nullopt;
  return state;
}

bool write_word_index(WriteTxn& txn, const WordIndexState& state) {
  std::string value;
  add_number(value, state.built, kSeqBytes);
  add_number(value, state.until, kSeqBytes);
  add_number(value, state.generation, 8);
  add_number(value, state.rules.size(), 1);
  value += state.rules;
  for (const Kind kind : state.kinds) add_number(value, kind, 2);
  return txn.put(txn.tables()[Table::meta], kStateKey, value);
}

Result<void, StorageFailure> begin_word_index(Env& env, std::span<const Kind> kinds) {
  const Tables& tables = env.tables();
  {
    PHAROS_TRY(const auto txn, env.read());
    const std::optional<WordIndexState> state = read_word_index(txn, tables);
    const bool is_wanted = state && state->rules == word_rules() && std::ranges::equal(state->kinds, kinds);
    const bool is_none = kinds.empty() && !txn.get(tables[Table::meta], kStateKey) && is_empty(txn, tables);
    if (txn.failed()) return txn.failure();
    if (is_wanted || is_none) return success();
  }
  PHAROS_TRY(auto txn, env.write());
  txn.clear(tables[Table::by_word]);
  txn.clear(tables[Table::young_by_word]);
  if (kinds.empty()) {
    txn.erase(tables[Table::meta], kStateKey);
    log::info("storage", "dropped the index for search");
  } else {
    WordIndexState state;
    state.until = read_last_seq(txn, tables);
    state.generation = read_merged_generation(txn, tables);
    state.rules = word_rules();
    state.kinds.assign(kinds.begin(), kinds.end());
    write_word_index(txn, state);
    if (!state.is_complete()) log::info("storage", "building the index for search", {{"events_up_to", state.until}});
  }
  return txn.commit();
}

Result<WordIndexState, StorageFailure> index_more_words(Env& env, std::size_t records) {
  const Tables& tables = env.tables();
  PHAROS_TRY(auto txn, env.write());
  std::optional<WordIndexState> state = read_word_index(txn, tables);
  if (!state) return StorageFailure{StorageError::corrupt, "the index for search has lost its state"};
  std::vector<PostingChange> changes;
  {
    StoredEvents stored(txn, tables);
    std::vector<IndexEntry> entries;
    std::optional<RecordView> record = stored.at_or_after(state->built + 1);
    for (; record && record->seq() <= state->until && records > 0 && changes.size() < kMostPostings; --records) {
      entries.clear();
      list_word_entries(*record, {tables.hash_key, state->kinds}, entries);
      for (const IndexEntry& entry : entries) changes.push_back({entry.posting, false});
      state->built = record->seq();
      record = stored.at_or_after(record->seq() + 1);
    }
    if (!record || record->seq() > state->until) state->built = state->until;
  }
  if (txn.damaged()) return txn.failure();
  std::ranges::sort(changes, std::less<>(), &PostingChange::posting);
  if (!changes.empty()) merge_postings(txn, Table::by_word, changes);
  write_word_index(txn, *state);
  PHAROS_TRYV(txn.commit());
  return std::move(*state);
}

}  // namespace pharos::storage
