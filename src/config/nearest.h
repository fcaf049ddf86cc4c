// "Did you mean": the known word nearest to a mistyped one. Pure.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace pharos::config {

// By Damerau-Levenshtein distance (adjacent letters swapped count once); nullopt when nothing is near enough to be
// meant.
std::optional<std::string_view> nearest_word(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace pharos::config
