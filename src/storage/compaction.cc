#include "storage/compaction.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include "storage/data_files.h"
#include "storage/env_copy.h"
#include "storage/info.h"
#include "util/check.h"

namespace pharos::storage {
namespace {

// What logs and other programs take meanwhile.
constexpr std::uint64_t kSpareBytes = std::uint64_t{64} << 20U;

std::uint64_t size_of(const std::filesystem::path& file) {
  std::error_code missing;
  const std::uintmax_t size = std::filesystem::file_size(file, missing);
  return missing ? 0 : size;
}

Result<void, StorageFailure> write_copy(const Env& env, Files& files, const std::filesystem::path& into,
                                        const std::function<bool()>& give_up) {
  PHAROS_TRY(const auto file, files.create(into));
  PHAROS_TRY(const auto copy, EnvCopy::begin(env));
  std::uint64_t at = 0;
  while (true) {
    if (give_up()) return StorageFailure{StorageError::locked, "given up: the database is closing"};
    PHAROS_TRY(const auto bytes, copy->next());
    if (bytes.empty()) break;
    PHAROS_TRYV(file->write(at, bytes));
    at += bytes.size();
  }
  return file->sync();
}

}  // namespace

Result<void, StorageFailure> expect_room_to_compact(const Env& env) {
  PHAROS_TRY(const auto txn, env.read());
  const DatabaseInfo info = read_info(txn, env.tables());
  const std::uint64_t wanted = info.used_bytes - std::min(info.used_bytes, info.free_page_bytes) + kSpareBytes;
  std::error_code unknown;
  const auto space = std::filesystem::space(env.directory(), unknown);
  if (unknown || space.available >= wanted) return success();
  return StorageFailure{StorageError::disk_full, env.directory().string() + ": the copy needs " +
                                                     std::to_string(wanted) + " bytes, " +
                                                     std::to_string(space.available) + " are free"};
}

Result<Compacted, StorageFailure> compact(Env& env, Files& files, const std::function<bool()>& give_up) {
  const std::filesystem::path& directory = env.directory();
  const std::uint64_t next = env.number() + 1;
  Compacted compacted;
  compacted.before_bytes = size_of(data_path(directory, env.number()));
  if (auto written = write_copy(env, files, draft_data_path(directory, next), give_up); !written) {
    static_cast<void>(files.remove(draft_data_path(directory, next)));
    return written.error();
  }
  compacted.after_bytes = size_of(draft_data_path(directory, next));
  auto replaced = publish_data(directory, next);
  if (replaced) replaced = env.replace(next);
  if (!replaced) {
    // What is written from here on would be lost with a start from the copy; ending now loses nothing.
    PHAROS_FATAL_CHECK(retract_data(directory, next).has_value());
    return replaced.error();
  }
  return compacted;
}

}  // namespace pharos::storage
