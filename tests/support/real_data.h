// Recorded events, when the machine has them: the folder named by PHAROS_TEST_DATA, or shared/data beside the project.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>

#include "support/paths.h"

namespace pharos::testing {

inline std::optional<std::filesystem::path> real_data(const char* file) {
  const char* folder = std::getenv("PHAROS_TEST_DATA");
  const std::filesystem::path path =
      (folder != nullptr ? std::filesystem::path(folder) : std::filesystem::path(source_dir()) / "../shared/data") /
      file;
  if (std::filesystem::exists(path)) return path;
  return std::nullopt;
}

}  // namespace pharos::testing
