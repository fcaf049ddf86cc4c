#include "app/file_watch.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <sys/stat.h>

namespace pharos::app {

FileWatch::FileWatch(std::vector<std::filesystem::path> files) : files_(std::move(files)) {
  known_.resize(files_.size());
  absent_.resize(files_.size());
  known_ = look();
  seen_ = known_;
}

bool FileWatch::changed() {
  std::vector<State> now = look();
  settled_ = now == seen_;
  seen_ = now;
  if (!settled_ || now == known_) return false;
  known_ = std::move(now);
  return true;
}

bool FileWatch::is_gone(const std::filesystem::path& file) const {
  constexpr int kLooks = 2;
  for (std::size_t i = 0; i < files_.size(); ++i) {
    if (files_[i] == file && absent_[i] >= kLooks) return true;
  }
  return false;
}

std::vector<FileWatch::State> FileWatch::look() {
  std::vector<State> states = known_;
  for (std::size_t i = 0; i < files_.size(); ++i) {
    struct stat status {};
    const bool is_there = ::stat(files_[i].c_str(), &status) == 0;
    absent_[i] = is_there ? 0 : std::min(absent_[i] + 1, std::numeric_limits<int>::max() - 1);
    if (!is_there) continue;
    states[i] = {status.st_dev, status.st_ino, status.st_size,
                 std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
  }
  return states;
}

}  // namespace pharos::app
