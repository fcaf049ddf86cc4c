// A directory that gets its name once all that belongs into it is there and durable; until then it is called
// <name>.part. One thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "storage/error.h"
#include "storage/files.h"
#include "util/result.h"

namespace pharos::storage {

class DraftDirectory {
 public:
  // Whether a file of that name belongs there: what an earlier attempt left of these is removed.
  using Belongs = bool (*)(std::string_view name);

  // `name` is an empty directory or nothing; its parent exists. cannot_create where that is not so, or where
  // <name>.part holds something else; locked while another process fills it; permission, disk_full or io.
  static Result<std::unique_ptr<DraftDirectory>, StorageFailure> begin(const std::filesystem::path& name,
                                                                       Belongs belongs);
  // Without finish(): removes what belongs there, and the directory.
  ~DraftDirectory();
  DraftDirectory(const DraftDirectory&) = delete;
  DraftDirectory& operator=(const DraftDirectory&) = delete;

  // Of mode 0700.
  const std::filesystem::path& path() const { return draft_; }
  // Gives it its name, durably. Its files were synced.
  Result<void, StorageFailure> finish();

 private:
  DraftDirectory(std::filesystem::path name, Belongs belongs);
  Result<void, StorageFailure> make();
  // False when something is left.
  bool clear();

  const std::filesystem::path name_;
  const std::filesystem::path draft_;
  const Belongs belongs_;
  int descriptor_ = -1;
  bool finished_ = false;
};

}  // namespace pharos::storage
