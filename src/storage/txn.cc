#include "storage/txn.h"

#include <lmdb.h>

#include "storage/lmdb_error.h"

namespace pharos::storage {
namespace {

MDB_val to_val(std::string_view bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }

std::string_view to_view(const MDB_val& value) { return {static_cast<const char*>(value.mv_data), value.mv_size}; }

}  // namespace

Txn::~Txn() {
  if (txn_ != nullptr) mdb_txn_abort(txn_);
}

bool Txn::note(int code) const {
  if (code == MDB_SUCCESS) return true;
  if (code != MDB_NOTFOUND && error_ == 0) error_ = code;
  return false;
}

bool WriteTxn::fail_corrupt() { return note(MDB_CORRUPTED); }

StorageFailure Txn::failure() const {
  if (failed()) return lmdb_failure(error_, "transaction");
  return {StorageError::corrupt, "a block of events or of an index is damaged; see pharos db check"};
}

std::optional<std::string_view> Txn::get(Dbi table, std::string_view key) const {
  if (failed()) return std::nullopt;
  MDB_val key_val = to_val(key);
  MDB_val value{};
  if (!note(mdb_get(txn_, table, &key_val, &value))) return std::nullopt;
  return to_view(value);
}

Result<ReadTxn, StorageFailure> ReadTxn::begin(std::shared_ptr<MDB_env> env) {
  MDB_txn* txn = nullptr;
  if (const int code = mdb_txn_begin(env.get(), nullptr, MDB_RDONLY, &txn)) {
    return pharos::failure(lmdb_failure(code, "begin of a read transaction"));
  }
  ReadTxn begun(txn);
  begun.env_held_ = std::move(env);
  return begun;
}

ReadTxn& ReadTxn::operator=(ReadTxn&& other) noexcept {
  std::swap(env_held_, other.env_held_);
  std::swap(txn_, other.txn_);
  std::swap(error_, other.error_);
  std::swap(damaged_, other.damaged_);
  return *this;
}

Result<WriteTxn, StorageFailure> WriteTxn::begin(MDB_env* env, const Tables& tables) {
  MDB_txn* txn = nullptr;
  if (const int code = mdb_txn_begin(env, nullptr, 0, &txn)) {
    return pharos::failure(lmdb_failure(code, "begin of a write transaction"));
  }
  return WriteTxn(txn, env, &tables);
}

Result<WriteTxn, StorageFailure> WriteTxn::begin_nested() {
  if (failed()) return pharos::failure(failure());
  MDB_txn* txn = nullptr;
  if (const int code = mdb_txn_begin(env_, txn_, 0, &txn)) {
    return pharos::failure(lmdb_failure(code, "begin of a nested transaction"));
  }
  return WriteTxn(txn, env_, tables_);
}

bool WriteTxn::put(Dbi table, std::string_view key, std::string_view value) {
  if (failed()) return false;
  MDB_val key_val = to_val(key);
  MDB_val value_val = to_val(value);
  return note(mdb_put(txn_, table, &key_val, &value_val, 0));
}

bool WriteTxn::append(Dbi table, std::string_view key, std::string_view value) {
  if (failed()) return false;
  MDB_val key_val = to_val(key);
  MDB_val value_val = to_val(value);
  return note(mdb_put(txn_, table, &key_val, &value_val, MDB_APPEND));
}

bool WriteTxn::clear(Dbi table) {
  if (failed()) return false;
  return note(mdb_drop(txn_, table, 0));
}

bool WriteTxn::erase(Dbi table, std::string_view key) {
  if (failed()) return false;
  MDB_val key_val = to_val(key);
  const int code = mdb_del(txn_, table, &key_val, nullptr);
  return code == MDB_NOTFOUND || note(code);
}

Result<void, StorageFailure> WriteTxn::commit() {
  MDB_txn* txn = std::exchange(txn_, nullptr);
  if (failed()) {
    mdb_txn_abort(txn);
    return pharos::failure(failure());
  }
  if (const int code = mdb_txn_commit(txn)) return pharos::failure(lmdb_failure(code, "commit"));
  return success();
}

Cursor::Cursor(const Txn& txn, Dbi table) : txn_(&txn) {
  if (!txn.failed()) txn.note(mdb_cursor_open(txn.handle(), table, &cursor_));
}

Cursor::~Cursor() {
  if (cursor_ != nullptr) mdb_cursor_close(cursor_);
}

bool Cursor::move(int operation, std::string_view key) {
  if (cursor_ == nullptr || txn_->failed()) return false;
  MDB_val found = to_val(key);
  MDB_val value{};
  if (!txn_->note(mdb_cursor_get(cursor_, &found, &value, static_cast<MDB_cursor_op>(operation)))) return false;
  key_ = to_view(found);
  value_ = to_view(value);
  return true;
}

bool Cursor::first() { return move(MDB_FIRST); }
bool Cursor::last() { return move(MDB_LAST); }
bool Cursor::next() { return move(MDB_NEXT); }
bool Cursor::previous() { return move(MDB_PREV); }

bool Cursor::seek(std::string_view key) { return move(MDB_SET_RANGE, key); }

}  // namespace pharos::storage
