// Every LMDB table in one place: its name, its flags and its handle. What keys and values look like is in keys.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "nostr/types.h"
#include "storage/index_rules.h"

namespace pharos::storage {

class EventBlockCache;

using Dbi = unsigned int;  // MDB_dbi
inline constexpr Dbi kNoTable = ~Dbi{0};

enum class Table : std::uint8_t {
  meta,
  events,
  by_id,
  by_time,
  by_kind,
  by_author,
  by_author_kind,
  by_tag,
  by_word,
  replaceable,
  expiry,
  by_entry,
  young_by_id,  // young levels (index_levels.h)
  young_by_author,
  young_by_author_kind,
  young_by_tag,
  young_by_word,
  dictionary,
  tombstones,
  kv_router_ledger,
  kv_router_outbox,
  kv_monitor_target,
  kv_monitor_result,
  kv_document,
  kv_misc,
  kv_access,
};
inline constexpr std::size_t kTableCount = static_cast<std::size_t>(Table::kv_access) + 1;

enum class TableShape : std::uint8_t {
  plain,   // one value a key, keys in memcmp order
  by_seq,  // one value a key, keys are native u64 in numeric order (MDB_INTEGERKEY)
  index,   // blocks of postings (index_table.h)
};

struct TableSpec {
  Table table;
  const char* name;  // persisted
  TableShape shape;
};

inline constexpr std::array<TableSpec, kTableCount> kTableSpecs{{
    {Table::meta, "meta", TableShape::plain},
    {Table::events, "events", TableShape::by_seq},
    {Table::by_id, "by_id", TableShape::index},
    {Table::by_time, "by_time", TableShape::index},
    {Table::by_kind, "by_kind", TableShape::index},
    {Table::by_author, "by_author", TableShape::index},
    {Table::by_author_kind, "by_author_kind", TableShape::index},
    {Table::by_tag, "by_tag", TableShape::index},
    {Table::by_word, "by_word", TableShape::index},
    {Table::replaceable, "replaceable", TableShape::index},
    {Table::expiry, "expiry", TableShape::index},
    {Table::by_entry, "by_entry", TableShape::index},
    {Table::young_by_id, "young_by_id", TableShape::index},
    {Table::young_by_author, "young_by_author", TableShape::index},
    {Table::young_by_author_kind, "young_by_author_kind", TableShape::index},
    {Table::young_by_tag, "young_by_tag", TableShape::index},
    {Table::young_by_word, "young_by_word", TableShape::index},
    {Table::dictionary, "dictionary", TableShape::by_seq},
    {Table::tombstones, "tombstones", TableShape::plain},
    {Table::kv_router_ledger, "kv_router_ledger", TableShape::plain},
    {Table::kv_router_outbox, "kv_router_outbox", TableShape::plain},
    {Table::kv_monitor_target, "kv_monitor_target", TableShape::plain},
    {Table::kv_monitor_result, "kv_monitor_result", TableShape::plain},
    {Table::kv_document, "kv_document", TableShape::plain},
    {Table::kv_misc, "kv_misc", TableShape::plain},
    {Table::kv_access, "kv_access", TableShape::plain},
}};

consteval bool specs_are_in_order() {
  for (std::size_t i = 0; i < kTableCount; ++i) {
    if (kTableSpecs[i].table != static_cast<Table>(i)) return false;
  }
  return true;
}
static_assert(specs_are_in_order());

constexpr const TableSpec& spec(Table table) { return kTableSpecs[static_cast<std::size_t>(table)]; }

// Made by the first program that knows them, when it opens the database for writing: one that was not opened so since
// is read without them.
constexpr bool may_be_missing(Table table) { return table == Table::by_word || table == Table::young_by_word; }

// The open handles, and what decides index entries. Made once by Env; any thread may read it.
struct Tables {
  std::array<Dbi, kTableCount> handles{};
  SipKey hash_key;
  std::vector<Kind> searched;           // kinds that are indexed by word, sorted; empty: there is no such index
  EventBlockCache* unpacked = nullptr;  // of compressed blocks; Env's

  IndexRules rules() const { return {hash_key, searched}; }
  Dbi operator[](Table table) const { return handles[static_cast<std::size_t>(table)]; }
};

// The environment's flags for mdb_dbi_open, without MDB_CREATE.
unsigned lmdb_flags(TableShape shape);

}  // namespace pharos::storage
