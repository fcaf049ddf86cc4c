// A file of relay URLs: one a line, blank lines and everything from # on are skipped. Pure but for read_target_file().
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "nostr/relay_url.h"
#include "util/result.h"

namespace pharos::monitor {

struct TargetFile {
  std::vector<RelayUrl> urls;  // in order, once each
  // "relays.txt:12: host is not valid: wss://..", at most kMaxReported; `bad_lines` counts all.
  std::vector<std::string> errors;
  std::size_t bad_lines = 0;
};

inline constexpr std::size_t kMaxReported = 20;
inline constexpr std::size_t kMaxTargetFileBytes = 16U << 20U;

TargetFile parse_target_file(std::string_view text, std::string_view path);

// The failure names the file and why it cannot be read.
Result<TargetFile, std::string> read_target_file(const std::string& path);

}  // namespace pharos::monitor
