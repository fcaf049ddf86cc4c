// What of a settings text toml++ must not be given.
#pragma once

#include <optional>
#include <string_view>

namespace pharos::config {

// The first line (from 1) with a character outside ASCII where TOML 1.0 has none: outside of strings and comments, and,
// stricter than TOML, as the first character after a line-ending backslash. toml++ 3.0 runs into undefined behaviour
// when it asks whether one of U+00A1 to U+0499 is white space, and it asks at these places only.
std::optional<int> line_with_stray_character(std::string_view toml);

}  // namespace pharos::config
