// Every index entry of an event, from its record: the one list that insertion, erasure and the check of a database use.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "storage/keys.h"
#include "storage/record.h"
#include "storage/tables.h"

namespace pharos::storage {

struct IndexEntry {
  Table table = Table::meta;
  Posting posting;

  friend auto operator<=>(const IndexEntry&, const IndexEntry&) = default;
  friend bool operator==(const IndexEntry&, const IndexEntry&) = default;
};

// The indexes of events, those first whose entries take a merge longest.
inline constexpr std::array kEventIndexes{Table::by_word,   Table::by_tag,      Table::by_author_kind,
                                          Table::by_author, Table::by_id,       Table::by_kind,
                                          Table::by_time,   Table::replaceable, Table::expiry};

// Appends the entries of the record in the indexes of events, each once. Tags are indexed when their name is one letter
// a-z or A-Z and they have a value; the first value counts (NIP-01), equal pairs of name and value once.
void list_index_entries(const RecordView& record, const IndexRules& rules, std::vector<IndexEntry>& out);
// Those of them that lie in by_word.
void list_word_entries(const RecordView& record, const IndexRules& rules, std::vector<IndexEntry>& out);

// The d value of a record (NIP-01): the first value of the first d tag, "" without one. scratch backs the view.
std::string_view record_identifier(const RecordView& record, std::string& scratch);

}  // namespace pharos::storage
