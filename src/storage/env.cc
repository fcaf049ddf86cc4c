#include "storage/env.h"

#include <cerrno>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <lmdb.h>
#include <sys/file.h>
#include <unistd.h>

#include "storage/data_files.h"
#include "storage/lmdb_error.h"
#include "storage/meta.h"
#include "storage/migrations.h"
#include "storage/word_index.h"
#include "util/log.h"

namespace pharos::storage {
namespace {

constexpr std::uint64_t kSmallestMap = std::uint64_t{64} << 20U;

StorageFailure system_failure(int error, const std::string& what) {
  StorageError kind = StorageError::cannot_create;
  if (error == EACCES || error == EPERM || error == EROFS) kind = StorageError::permission;
  if (error == ENOSPC || error == EDQUOT) kind = StorageError::disk_full;
  return {kind, what + ": " + std::strerror(error)};
}

// Read-ahead fills the page cache with neighbours that scattered reads do not want: a loss once the database no longer
// fits into memory, a gain while it does.
bool outgrows_memory(const std::filesystem::path& database) {
  std::error_code missing;
  const std::uintmax_t size = std::filesystem::file_size(database, missing);
  if (missing) return false;
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page_bytes = ::sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page_bytes <= 0) return false;
  return size / 2 > static_cast<std::uintmax_t>(pages) / 4 * static_cast<std::uintmax_t>(page_bytes);
}

void remove_dead_readers(MDB_env& env) {
  int dead = 0;
  if (mdb_reader_check(&env, &dead) == 0 && dead > 0) {
    log::info("storage", "cleared the slots of readers that are gone", {{"slots", dead}});
  }
}

}  // namespace

Result<std::unique_ptr<Env>, StorageFailure> Env::open(const EnvOptions& options) {
  std::unique_ptr<Env> env(new Env);
  env->directory_ = options.directory;
  env->options_ = options;
  env->read_only_ = options.read_only;
  env->unpacked_ = std::make_unique<EventBlockCache>(options.unpacked_bytes);
  env->tables_.unpacked = env->unpacked_.get();
  if (!options.read_only) {
    std::error_code error;
    std::filesystem::create_directories(options.directory, error);
    if (error) return failure(system_failure(error.value(), options.directory.string()));
    PHAROS_TRYV(env->lock_for_writing());
  }
  PHAROS_TRYV(env->open_newest());
  if (!options.read_only) {
    // Before anything is written to the newest.
    PHAROS_TRYV(env->remove_left_over());
    PHAROS_TRYV(prepare_schema(env->current().get()));
  }
  PHAROS_TRYV(env->open_tables());
  if (!options.read_only) {
    PHAROS_TRYV(begin_word_index(*env, options.searched));
  }
  {
    PHAROS_TRY(const auto txn, env->read());
    if (auto words = read_word_index(txn, env->tables_)) env->tables_.searched = std::move(words->kinds);
  }
  return env;
}

Env::~Env() {
  {
    Lock lock(mutex_);
    env_.reset();
  }
  if (lock_file_ >= 0) ::close(lock_file_);
}

Result<void, StorageFailure> Env::lock_for_writing() {
  const std::string path = (directory_ / "pharos.lock").string();
  lock_file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_file_ < 0) return failure(system_failure(errno, path));
  if (::flock(lock_file_, LOCK_EX | LOCK_NB) == 0) return success();
  if (errno == EWOULDBLOCK) return failure(StorageFailure{StorageError::locked, path + " is held by another process"});
  return failure(system_failure(errno, path));
}

std::shared_ptr<MDB_env> Env::current() const {
  Lock lock(mutex_);
  return env_;
}

std::uint64_t Env::number() const {
  Lock lock(mutex_);
  return number_;
}

bool Env::is_newest() const {
  const auto newest = newest_data(directory_);
  return newest && newest.value() == number();
}

Result<void, StorageFailure> Env::open_newest() {
  while (true) {
    PHAROS_TRY(const auto newest, newest_data(directory_));
    const std::uint64_t number = newest.value_or(0);
    const std::string database = data_path(directory_, number).string();
    const bool there = !read_only_ || ::access(database.c_str(), R_OK) == 0;
    const int code = there ? 0 : errno;
    Result<std::shared_ptr<MDB_env>, StorageFailure> opened = failure(system_failure(code, database));
    if (there) opened = open_map(number, read_only_);
    if (opened) {
      Lock lock(mutex_);
      env_ = std::move(opened.value());
      number_ = number;
      return success();
    }
    // A process that compacts may have removed it since it was found.
    PHAROS_TRY(const auto newest_by_now, newest_data(directory_));
    if (!read_only_ || newest_by_now == newest) return opened.error();
  }
}

Result<std::shared_ptr<MDB_env>, StorageFailure> Env::open_map(std::uint64_t number, bool read_only) const {
  const std::filesystem::path database = data_path(directory_, number);
  const std::string path = number == 0 ? directory_.string() : database.string();
  // NOTLS: a read transaction may move between worker threads.
  unsigned flags = MDB_NOTLS;
  if (number != 0) flags |= MDB_NOSUBDIR;
  if (read_only) flags |= MDB_RDONLY;
  if (!options_.sync_to_disk) flags |= MDB_NOSYNC;
  if (outgrows_memory(database)) flags |= MDB_NORDAHEAD;

  MDB_env* env = nullptr;
  for (std::uint64_t map_size = options_.map_size_bytes;; map_size /= 2) {
    int code = mdb_env_create(&env);
    if (code == 0) code = mdb_env_set_maxdbs(env, kTableCount);
    if (code == 0) code = mdb_env_set_maxreaders(env, static_cast<unsigned>(options_.max_readers));
    if (code == 0) code = mdb_env_set_mapsize(env, map_size);
    if (code == 0) code = mdb_env_open(env, path.c_str(), flags, 0600);
    if (code == 0) {
      if (map_size != options_.map_size_bytes) {
        log::warn("storage", "the system refused the map size; a smaller one is in use",
                  {{"wanted_bytes", options_.map_size_bytes}, {"bytes", map_size}});
      }
      break;
    }
    mdb_env_close(env);
    env = nullptr;
    if (code != ENOMEM || map_size / 2 < kSmallestMap) return failure(lmdb_failure(code, path));
  }
  std::shared_ptr<MDB_env> opened(env, mdb_env_close);
  remove_dead_readers(*opened);
  return opened;
}

std::uint64_t Env::map_bytes() const {
  MDB_envinfo info{};
  mdb_env_info(current().get(), &info);
  return info.me_mapsize;
}

void Env::clear_dead_readers() { remove_dead_readers(*current()); }

Result<void, StorageFailure> Env::remove_left_over() {
  const std::uint64_t newest = number();
  PHAROS_TRY(const auto older, older_data(directory_, newest));
  for (const std::uint64_t number : older) {
    PHAROS_TRY(const Standing wanted, standing_of(current()));
    const auto opened = open_map(number, true);
    const auto found = opened ? standing_of(opened.value()) : Result<Standing, StorageFailure>(opened.error());
    if (found && found.value() == wanted) continue;
    return StorageFailure{
        StorageError::cannot_create,
        data_path(directory_, number).string() + " is not what the compaction to " +
            data_path(directory_, newest).filename().string() +
            " left, and both cannot be the database; nothing was removed. To go on with the latter move the former out "
            "of the directory; to start from a backup move the whole directory aside and the backup into its place" +
            (found ? "" : " (" + found.error().detail + ")")};
  }
  remove_older_data(directory_, newest);
  return success();
}

Result<Standing, StorageFailure> Env::standing_of(std::shared_ptr<MDB_env> env) const {
  Tables tables;
  PHAROS_TRYV(open_tables(*env, {kTableSpecs.data(), 1}, tables));
  PHAROS_TRY(const auto txn, ReadTxn::begin(std::move(env)));
  return read_standing(txn, tables);
}

Result<void, StorageFailure> Env::replace(std::uint64_t number) {
  PHAROS_TRY(auto next, open_map(number, read_only_));
  Tables tables = tables_;
  PHAROS_TRYV(open_tables(*next, kTableSpecs, tables));
  if (tables.handles != tables_.handles) {
    return StorageFailure{StorageError::corrupt, data_path(directory_, number).string() + ": other handles"};
  }
  {
    Lock lock(mutex_);
    env_.swap(next);
    number_ = number;
  }
  remove_older_data(directory_, number);
  return success();
}

Result<void, StorageFailure> Env::open_tables() {
  // The version first: another one may have other tables.
  PHAROS_TRYV(open_tables(*current(), {kTableSpecs.data(), 1}, tables_));
  static_assert(kTableSpecs[0].table == Table::meta);
  {
    PHAROS_TRY(const ReadTxn read, this->read());
    PHAROS_TRY(tables_.hash_key, check_meta(read, tables_));
  }
  return open_tables(*current(), kTableSpecs, tables_);
}

Result<void, StorageFailure> Env::open_tables(MDB_env& env, std::span<const TableSpec> specs, Tables& into) const {
  MDB_txn* txn = nullptr;
  if (const int code = mdb_txn_begin(&env, nullptr, MDB_RDONLY, &txn)) {
    return failure(lmdb_failure(code, directory_.string()));
  }
  for (const TableSpec& table : specs) {
    const int code =
        mdb_dbi_open(txn, table.name, lmdb_flags(table.shape), &into.handles[static_cast<std::size_t>(table.table)]);
    if (code == 0) continue;
    if (code == MDB_NOTFOUND && may_be_missing(table.table)) {
      into.handles[static_cast<std::size_t>(table.table)] = kNoTable;
      continue;
    }
    mdb_txn_abort(txn);
    const std::string what = directory_.string() + ": table " + table.name;
    if (code == MDB_NOTFOUND)
      return failure(StorageFailure{StorageError::corrupt, what + " is missing; the relay makes it when it starts"});
    return failure(lmdb_failure(code, what));
  }
  // Handles opened in a transaction stay open only when it commits.
  if (const int code = mdb_txn_commit(txn)) return failure(lmdb_failure(code, directory_.string()));
  return success();
}

}  // namespace pharos::storage
