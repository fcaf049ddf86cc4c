#include "storage/backup.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "storage/draft_directory.h"
#include "storage/env_copy.h"
#include "storage/info.h"
#include "storage/meta.h"
#include "storage/wal.h"

namespace pharos::storage {
namespace {

constexpr const char* kDatabase = "data.mdb";
constexpr const char* kIdentity = "identity.key";
// Between the begin of a copy and the look at the logs a merge seldom ends; a dozen times in a row it does not.
constexpr int kAttempts = 12;
constexpr std::size_t kBufferBytes = std::size_t{1} << 20U;

bool belongs_to_backup(std::string_view name) {
  return name == kDatabase || name == kIdentity || name.ends_with(".wal");
}

StorageFailure unreadable(const std::filesystem::path& path, int code) {
  const bool refused = code == EACCES || code == EPERM;
  return {refused ? StorageError::permission : StorageError::io,
          "cannot read " + path.string() + ": " + std::generic_category().message(code)};
}

// A file that stays readable after its name is gone.
class Source {
 public:
  // nullopt when there is none.
  static Result<std::optional<Source>, StorageFailure> open(std::filesystem::path path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor >= 0) return std::optional<Source>(Source(std::move(path), descriptor));
    if (errno == ENOENT) return std::optional<Source>();
    return failure(unreadable(path, errno));
  }
  Source(Source&& other) noexcept : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  ~Source() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  const std::filesystem::path& path() const { return path_; }
  std::uint64_t size() const {
    const off_t end = ::lseek(descriptor_, 0, SEEK_END);
    return end > 0 ? static_cast<std::uint64_t>(end) : 0;
  }
  // Fewer bytes than there is room for only at the end.
  Result<std::string_view, StorageFailure> read(std::uint64_t offset, std::string& buffer) const {
    ssize_t got = 0;
    do {
      got = ::pread(descriptor_, buffer.data(), buffer.size(), static_cast<off_t>(offset));
    } while (got < 0 && errno == EINTR);
    if (got < 0) return failure(unreadable(path_, errno));
    return std::string_view(buffer.data(), static_cast<std::size_t>(got));
  }

 private:
  Source(std::filesystem::path path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}

  std::filesystem::path path_;
  int descriptor_;
};

Result<std::uint64_t, StorageFailure> merged_generation(const Env& env) {
  PHAROS_TRY(const auto txn, env.read());
  return read_merged_generation(txn, env.tables());
}

// What is copied, opened at the moment that is copied.
struct Sources {
  std::unique_ptr<EnvCopy> copy;
  std::string first_pages;
  std::vector<Source> logs;
  std::uint64_t about_bytes = 0;
};

// No generation is missing between two that are found, and none of those before the call but merged ones: what is made
// while a directory is read may be passed over, so what the first look found bounds a second one.
Result<std::vector<std::uint64_t>, StorageFailure> list_in_order(const std::filesystem::path& directory) {
  PHAROS_TRY(const auto seen, list_wals(directory));
  PHAROS_TRY(auto generations, list_wals(directory));
  std::erase_if(generations, [&](std::uint64_t generation) { return seen.empty() || generation > seen.back(); });
  return generations;
}

// False: a merge came between.
Result<bool, StorageFailure> open_sources(const Env& env, Sources& sources) {
  PHAROS_TRY(const auto merged, merged_generation(env));
  PHAROS_TRY(sources.copy, EnvCopy::begin(env));
  PHAROS_TRY(sources.first_pages, sources.copy->next());
  PHAROS_TRY(const auto generations, list_in_order(env.directory()));
  sources.logs.clear();
  for (const std::uint64_t generation : generations) {
    if (generation <= merged) continue;
    PHAROS_TRY(auto log, Source::open(wal_path(env.directory(), generation)));
    if (log) sources.logs.push_back(std::move(*log));
  }
  PHAROS_TRY(const auto merged_by_now, merged_generation(env));
  return merged_by_now == merged && env.is_newest();
}

// Opens env as often as it takes.
Result<Sources, StorageFailure> open_sources(const EnvOptions& options, std::unique_ptr<Env>& env) {
  Sources sources;
  bool opened = false;
  for (int attempt = 0; attempt < kAttempts && !opened; ++attempt) {
    // Before the environment that it reads.
    sources.copy.reset();
    env.reset();
    PHAROS_TRY(env, Env::open(options));
    PHAROS_TRY(opened, open_sources(*env, sources));
  }
  if (!opened) return failure(StorageFailure{StorageError::locked, "merges follow one another too closely"});
  PHAROS_TRY(const auto txn, env->read());
  const DatabaseInfo info = read_info(txn, env->tables());
  sources.about_bytes = info.used_bytes - std::min(info.used_bytes, info.free_page_bytes);
  for (const Source& log : sources.logs) sources.about_bytes += log.size();
  return sources;
}

class Copying {
 public:
  Copying(Files& files, const std::filesystem::path& into, std::uint64_t about_bytes, const BackupProgress& progress)
      : files_(files), into_(into), about_bytes_(about_bytes), progress_(progress), buffer_(kBufferBytes, '\0') {}

  Result<void, StorageFailure> database(Sources& sources) {
    PHAROS_TRY(const auto file, files_.create(into_ / kDatabase));
    std::uint64_t at = 0;
    for (std::string_view bytes = sources.first_pages; !bytes.empty();) {
      PHAROS_TRYV(write(*file, at, bytes));
      PHAROS_TRY(bytes, sources.copy->next());
    }
    return file->sync();
  }

  Result<void, StorageFailure> file(const Source& source) {
    PHAROS_TRY(const auto file, files_.create(into_ / source.path().filename()));
    std::uint64_t at = 0;
    while (true) {
      PHAROS_TRY(const auto bytes, source.read(at, buffer_));
      if (bytes.empty()) break;
      PHAROS_TRYV(write(*file, at, bytes));
    }
    return file->sync();
  }

  std::uint64_t bytes() const { return bytes_; }

 private:
  Result<void, StorageFailure> write(File& file, std::uint64_t& at, std::string_view bytes) {
    PHAROS_TRYV(file.write(at, bytes));
    at += bytes.size();
    bytes_ += bytes.size();
    if (progress_) progress_(bytes_, std::max(bytes_, about_bytes_));
    return success();
  }

  Files& files_;
  const std::filesystem::path into_;
  const std::uint64_t about_bytes_;
  const BackupProgress& progress_;
  std::string buffer_;
  std::uint64_t bytes_ = 0;
};

}  // namespace

Result<BackupReport, StorageFailure> back_up(const BackupOptions& options, const BackupProgress& progress) {
  EnvOptions source = options.source;
  source.read_only = true;
  PHAROS_TRY(const auto draft, DraftDirectory::begin(options.destination, belongs_to_backup));
  std::unique_ptr<Env> env;
  PHAROS_TRY(auto sources, open_sources(source, env));

  Copying copying(options.files != nullptr ? *options.files : system_files(), draft->path(), sources.about_bytes,
                  progress);
  PHAROS_TRYV(copying.database(sources));
  for (const Source& log : sources.logs) {
    PHAROS_TRYV(copying.file(log));
  }
  BackupReport report;
  if (options.with_identity) {
    PHAROS_TRY(const auto identity, Source::open(source.directory / kIdentity));
    if (identity) {
      PHAROS_TRYV(copying.file(*identity));
      report.identity = true;
    }
  }
  PHAROS_TRYV(draft->finish());
  report.bytes = copying.bytes();
  report.logs = sources.logs.size();
  return report;
}

}  // namespace pharos::storage
