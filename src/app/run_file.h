// <data>/run.json: where the running instance listens, so that status commands and tests find it.
//   {"pid":4711,"relay":"127.0.0.1:7777","admin":"127.0.0.1:9464"}
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace pharos::app {

struct RunInfo {
  long pid = 0;
  std::string relay;
  std::string admin;
};

// Written atomically once all listeners stand; goes away with its owner.
class RunFile {
 public:
  // False when it cannot be written.
  static bool write(const std::filesystem::path& data_directory, const RunInfo& info);
  static void remove(const std::filesystem::path& data_directory);
  // nullopt when there is none, when it does not parse, or when that process is gone.
  static std::optional<RunInfo> read(const std::filesystem::path& data_directory);
};

}  // namespace pharos::app
