// Files of which only what was synced stays, as after a power cut, and which may run out of room or become read-only.
// Any thread.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/files.h"
#include "util/random.h"
#include "util/sync.h"

namespace pharos::test {

class PowerCutFiles final : public storage::Files {
 public:
  // While set, nothing can be reserved or written.
  std::atomic<bool> full{false};
  // While set, nothing can be made, written or removed.
  std::atomic<bool> read_only{false};
  // While set, a sync fails after it has lost what was written.
  std::atomic<bool> sync_fails{false};

  Result<std::unique_ptr<storage::File>, storage::StorageFailure> create(const std::filesystem::path& path) override {
    PHAROS_TRYV(refusal());
    PHAROS_TRY(auto file, storage::system_files().create(path));
    Lock lock(mutex_);
    auto unsynced = std::make_shared<Unsynced>();
    unsynced->file = file.get();
    unsynced_[path.string()] = unsynced;
    return std::unique_ptr<storage::File>(new Watched(*this, std::move(file), std::move(unsynced)));
  }

  Result<std::string, storage::StorageFailure> read(const std::filesystem::path& path) override {
    return storage::system_files().read(path);
  }

  Result<bool, storage::StorageFailure> keep(const std::filesystem::path& path,
                                             const std::filesystem::path& kept) override {
    if (read_only) {
      PHAROS_TRYV(refusal());
    }
    return storage::system_files().keep(path, kept);
  }

  Result<void, storage::StorageFailure> remove(const std::filesystem::path& path) override {
    if (read_only) return refusal();
    return storage::system_files().remove(path);
  }

  // The power goes: of the writes that were not synced any may have reached the disk, whole or in part. Whoever calls
  // it ends the process: nothing of this returns.
  void cut_power(Random& random) {
    mutex_.lock();
    for (const auto& [path, unsynced] : unsynced_) {
      if (unsynced->file == nullptr) continue;
      for (const auto& [offset, bytes] : unsynced->writes) {
        for (std::size_t at = 0; at < bytes.size(); at += kSector) {
          if (random.below(2) == 0) continue;
          static_cast<void>(unsynced->file->write(offset + at, std::string_view(bytes).substr(at, kSector)));
        }
      }
    }
  }

  // What every file lacks on the disk: writes that were not synced, in their order.
  std::size_t unsynced_writes() const {
    Lock lock(mutex_);
    std::size_t count = 0;
    for (const auto& [path, writes] : unsynced_) count += writes->writes.size();
    return count;
  }

 private:
  // Writes reach the file with the sync; that is what is lost without it.
  struct Unsynced {
    storage::File* file = nullptr;  // while it is open
    std::vector<std::pair<std::uint64_t, std::string>> writes;
  };

  static constexpr std::size_t kSector = 512;

  Result<void, storage::StorageFailure> refusal() const {
    if (full) return storage::StorageFailure{storage::StorageError::disk_full, "no room"};
    if (read_only) return storage::StorageFailure{storage::StorageError::permission, "read-only file system"};
    return success();
  }

  class Watched final : public storage::File {
   public:
    Watched(PowerCutFiles& files, std::unique_ptr<storage::File> file, std::shared_ptr<Unsynced> unsynced)
        : files_(files), file_(std::move(file)), unsynced_(std::move(unsynced)) {}
    ~Watched() override {
      Lock lock(files_.mutex_);
      unsynced_->file = nullptr;
    }

    Result<void, storage::StorageFailure> reserve(std::uint64_t size) override {
      PHAROS_TRYV(files_.refusal());
      return file_->reserve(size);
    }
    Result<void, storage::StorageFailure> write(std::uint64_t offset, std::string_view bytes) override {
      PHAROS_TRYV(files_.refusal());
      Lock lock(files_.mutex_);
      unsynced_->writes.emplace_back(offset, std::string(bytes));
      return success();
    }
    Result<void, storage::StorageFailure> sync() override {
      Lock lock(files_.mutex_);
      auto writes = std::exchange(unsynced_->writes, {});
      if (files_.sync_fails) return storage::StorageFailure{storage::StorageError::io, "sync failed"};
      for (const auto& [offset, bytes] : writes) {
        PHAROS_TRYV(file_->write(offset, bytes));
      }
      return file_->sync();
    }

   private:
    PowerCutFiles& files_;
    std::unique_ptr<storage::File> file_;
    std::shared_ptr<Unsynced> unsynced_;
  };

  mutable Mutex mutex_;
  std::map<std::string, std::shared_ptr<Unsynced>> unsynced_ PHAROS_GUARDED_BY(mutex_);
};

}  // namespace pharos::test
