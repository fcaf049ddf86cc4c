// The whole of a file, "" of one that is not there.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace pharos::testing {

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace pharos::testing
