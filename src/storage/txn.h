// LMDB transactions and cursors, thin and movable. A transaction belongs to one thread at a time; a read transaction
// lives for one scan slice and is never held across a wait.
//
// An operation that LMDB fails leaves the transaction failed(): later operations do nothing, reads find nothing, and
// commit() returns the first failure. A caller may therefore do several steps and look once.
//
// What a view points to stays valid until the transaction ends; in a write transaction, until the next write.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "storage/error.h"
#include "storage/tables.h"
#include "util/result.h"

struct MDB_env;
struct MDB_txn;
struct MDB_cursor;

namespace pharos::storage {

class Txn {
 public:
  Txn(const Txn&) = delete;
  Txn& operator=(const Txn&) = delete;

  std::optional<std::string_view> get(Dbi table, std::string_view key) const;

  bool failed() const { return error_ != 0; }
  // What was read breaks its grammar. The rest can still be read, but who answers from it, or decides by it, looks at
  // damaged() first.
  void note_damage() const { damaged_ = true; }
  bool damaged() const { return damaged_; }
  // failed(), else damaged().
  StorageFailure failure() const;

  MDB_txn* handle() const { return txn_; }

 protected:
  explicit Txn(MDB_txn* txn) : txn_(txn) {}
  Txn(Txn&& other) noexcept
      : env_held_(std::move(other.env_held_)),
        txn_(std::exchange(other.txn_, nullptr)),
        error_(other.error_),
        damaged_(other.damaged_) {}
  ~Txn();  // aborts what is still open

  friend class Cursor;
  // True when code is MDB_SUCCESS; anything but MDB_NOTFOUND fails the transaction.
  bool note(int code) const;

  std::shared_ptr<MDB_env> env_held_;  // of a read transaction
  MDB_txn* txn_;
  mutable int error_ = 0;  // LMDB's code of the first failure
  mutable bool damaged_ = false;
};

class ReadTxn : public Txn {
 public:
  // Keeps the environment open.
  static Result<ReadTxn, StorageFailure> begin(std::shared_ptr<MDB_env> env);
  ReadTxn(ReadTxn&& other) noexcept = default;
  ReadTxn& operator=(ReadTxn&& other) noexcept;

 private:
  explicit ReadTxn(MDB_txn* txn) : Txn(txn) {}
};

class WriteTxn : public Txn {
 public:
  // Waits for another write transaction of this environment. tables outlives the transaction.
  static Result<WriteTxn, StorageFailure> begin(MDB_env* env, const Tables& tables);
  // A transaction inside this one, which is not used until the inner one has ended: its commit keeps the changes for
  // the outer commit to decide, its destruction takes them back.
  Result<WriteTxn, StorageFailure> begin_nested();
  WriteTxn(WriteTxn&& other) noexcept = default;

  const Tables& tables() const { return *tables_; }

  // Each is false when the transaction is failed.
  bool put(Dbi table, std::string_view key, std::string_view value);
  // The key comes after all others of the table; its page is left full.
  bool append(Dbi table, std::string_view key, std::string_view value);
  // What was read breaks its grammar: nothing of this transaction is to stay. Always false.
  bool fail_corrupt();
  // Takes everything out of the table.
  bool clear(Dbi table);
  // An absent key is no failure.
  bool erase(Dbi table, std::string_view key);

  // Ends the transaction, durably as the environment was opened; nothing is kept on failure.
  Result<void, StorageFailure> commit();

 private:
  WriteTxn(MDB_txn* txn, MDB_env* env, const Tables* tables) : Txn(txn), env_(env), tables_(tables) {}

  MDB_env* env_;
  const Tables* tables_;
};

// A place in one table. Ends before its transaction does. Moves return true when there is an entry there.
class Cursor {
 public:
  Cursor(const Txn& txn, Dbi table);
  ~Cursor();
  Cursor(Cursor&& other) noexcept
      : txn_(other.txn_), cursor_(std::exchange(other.cursor_, nullptr)), key_(other.key_), value_(other.value_) {}
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;

  bool first();
  bool last();
  bool next();
  bool previous();
  // The first entry whose key is key or comes after it.
  bool seek(std::string_view key);

  const Txn& txn() const { return *txn_; }
  // Where the last successful move went.
  std::string_view key() const { return key_; }
  std::string_view value() const { return value_; }

 private:
  bool move(int operation, std::string_view key = {});

  const Txn* txn_;
  MDB_cursor* cursor_ = nullptr;
  std::string_view key_;
  std::string_view value_;
};

}  // namespace pharos::storage
