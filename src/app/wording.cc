#include "app/wording.h"

#include <fmt/format.h>

namespace pharos::app {

std::string counted(std::uint64_t number, std::string_view noun) {
  return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

std::string byte_size(std::uint64_t bytes) {
  constexpr std::uint64_t kGibibyte = std::uint64_t{1} << 30U;
  constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20U;
  const auto value = static_cast<double>(bytes);
  if (bytes >= kGibibyte) return fmt::format("{:.1f} GiB", value / static_cast<double>(kGibibyte));
  return fmt::format("{:.1f} MiB", value / static_cast<double>(kMebibyte));
}

}  // namespace pharos::app
