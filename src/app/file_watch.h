// Whether files were changed or replaced, by looking at them now and then: what stands for a file may be a link that is
// moved, a mount, a file renamed over it. One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace pharos::app {

class FileWatch {
 public:
  // What they are now counts as known.
  explicit FileWatch(std::vector<std::filesystem::path> files);

  // True once for each change, as soon as two looks in a row find the same: whoever writes has ended then. A file that
  // is gone is no change; one that comes back may be.
  bool changed();

  // Whether the last two looks of changed() found the same.
  bool is_settled() const { return settled_; }

  // Whether one was not there at the last two looks of changed(): whoever replaces a file may take it away first.
  bool is_gone(const std::filesystem::path& file) const;

 private:
  struct State {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = 0;
    std::int64_t modified_ns = 0;
    bool operator==(const State&) const = default;
  };
  std::vector<State> look();

  std::vector<std::filesystem::path> files_;
  std::vector<State> known_;
  std::vector<State> seen_;  // at the last look
  std::vector<int> absent_;  // looks in a row
  bool settled_ = true;
};

}  // namespace pharos::app
