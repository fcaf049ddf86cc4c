#include "app/file_watch.h"

#include <utility>

#include <sys/stat.h>

namespace pharos::app {

FileWatch::FileWatch(std::vector<std::filesystem::path> files) : files_(std::move(files)) {
  known_.resize(files_.size());
  known_ = look();
  seen_ = known_;
}

bool FileWatch::changed() {
  std::vector<State> now = look();
  const bool settled = now == seen_;
  seen_ = now;
  if (!settled || now == known_) return false;
  known_ = std::move(now);
  return true;
}

std::vector<FileWatch::State> FileWatch::look() const {
  std::vector<State> states = known_;
  for (std::size_t i = 0; i < files_.size(); ++i) {
    struct stat status {};
    if (::stat(files_[i].c_str(), &status) != 0) continue;
    states[i] = {status.st_dev, status.st_ino, status.st_size,
                 std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
  }
  return states;
}

}  // namespace pharos::app
