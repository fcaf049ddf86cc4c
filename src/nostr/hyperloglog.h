// HyperLogLog of NIP-45: how many different people wrote the events that a filter counts, in a form that clients merge
// over relays. Pure; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nostr/filter.h"

namespace pharos {

// Where in a public key the filters of a COUNT have it looked at; nullopt where relays would not agree: anything but
// one filter of kinds and one tag condition with one value. Reactions, reposts, quotes, replies, comments and followers
// are such.
std::optional<std::size_t> hyperloglog_offset(const std::vector<Filter>& filters);

class HyperLogLog {
 public:
  static constexpr std::size_t kRegisters = 256;

  // offset as hyperloglog_offset() gives it: 8 to 23.
  explicit HyperLogLog(std::size_t offset) : offset_(offset) {}

  void add(const PublicKey& author);
  const std::array<std::uint8_t, kRegisters>& registers() const { return registers_; }

 private:
  std::size_t offset_;
  std::array<std::uint8_t, kRegisters> registers_{};
};

}  // namespace pharos
