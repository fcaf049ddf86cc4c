// Text of a peer as it may be kept, logged and shown on a terminal. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pharos {

inline constexpr std::size_t kMaxPrintableBytes = 200;

// At most kMaxPrintableBytes, cut between characters. Each control character (those of one byte and U+0080 to U+009F,
// which some terminals obey too) becomes a space; of what is not UTF-8 every byte beyond ASCII becomes a question mark.
std::string printable(std::string_view text);

}  // namespace pharos
