// Exact integers in JSON text: a leading zero, a fraction, an exponent and -0 are not integers here, because readers
// differ on them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace pharos {

// The value of 0 or [1-9][0-9]*, saturated at UINT64_MAX; nullopt for any other text.
std::optional<std::uint64_t> parse_json_unsigned(std::string_view text);

}  // namespace pharos
