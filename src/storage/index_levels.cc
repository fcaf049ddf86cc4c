#include "storage/index_levels.h"

#include <algorithm>

namespace pharos::storage {

std::optional<Table> young_level(Table index) {
  switch (index) {
    case Table::by_id:
      return Table::young_by_id;
    case Table::by_author:
      return Table::young_by_author;
    case Table::by_author_kind:
      return Table::young_by_author_kind;
    case Table::by_tag:
      return Table::young_by_tag;
    case Table::by_word:
      return Table::young_by_word;
    default:
      return std::nullopt;
  }
}

IndexCursor::IndexCursor(const Txn& txn, const Tables& tables, Table index) : old_(txn, tables, index) {
  if (const auto young = young_level(index)) young_.emplace(txn, tables, *young);
}

bool IndexCursor::settle() {
  const std::optional<PostingChange> change = in_young_ ? std::optional(from_young(young_->posting())) : std::nullopt;
  if (change && !(in_old_ && old_.posting() < change->posting)) {
    now_ = change->posting;
    is_erased_ = change->erased;
    return true;
  }
  if (!in_old_) return false;
  now_ = old_.posting();
  is_erased_ = false;
  return true;
}

bool IndexCursor::seek(const Posting& at) {
  in_old_ = old_.seek(at);
  in_young_ = young_ && young_->seek(as_young({at, false}));
  return settle();
}

bool IndexCursor::first() {
  in_old_ = old_.first();
  in_young_ = young_ && young_->first();
  return settle();
}

bool IndexCursor::next() {
  if (in_old_ && old_.posting() == now_) in_old_ = old_.next();
  if (in_young_ && from_young(young_->posting()).posting == now_) in_young_ = young_->next();
  return settle();
}

std::optional<Posting> IndexCursor::last_of(Key key) {
  const std::optional<Posting> old = old_.last_of(key);
  const std::optional<Posting> young = young_ ? young_->last_of(key) : std::nullopt;
  in_old_ = false;
  in_young_ = false;
  if (!young) return old;
  const Posting last = from_young(*young).posting;
  return old ? std::max(*old, last) : last;
}

}  // namespace pharos::storage
