#include "nostr/hyperloglog.h"

#include <algorithm>
#include <bit>

#include "nostr/address.h"
#include "nostr/sha256.h"
#include "util/bytes.h"

namespace pharos {
namespace {

// Of the 64 hex digits that stand for the value, the one that counts.
constexpr std::size_t kDigit = 32;
constexpr std::size_t kLeastOffset = 8;

// The 32 bytes that stand for a tag value.
PublicKey bytes_of(const std::string& value) {
  if (const auto bytes = PublicKey::from_hex(value)) return *bytes;
  if (const auto address = parse_address(value)) return address->pubkey;
  PublicKey hashed;
  hashed.data = sha256(as_bytes(value));
  return hashed;
}

}  // namespace

std::optional<std::size_t> hyperloglog_offset(const std::vector<Filter>& filters) {
  if (filters.size() != 1) return std::nullopt;
  const Filter& filter = filters.front();
  const bool has_others =
      filter.ids || filter.authors || filter.since || filter.until || filter.limit || filter.search != nullptr;
  if (has_others || !filter.kinds || filter.tags.size() != 1 || filter.tags.front().values.size() != 1) {
    return std::nullopt;
  }
  const std::uint8_t byte = bytes_of(filter.tags.front().values.front()).data[kDigit / 2];
  return kLeastOffset + (byte >> 4U);
}

void HyperLogLog::add(const PublicKey& author) {
  std::uint8_t& held = registers_[author.data[offset_]];
  std::uint8_t zeros = 0;
  for (std::size_t at = offset_ + 1; at < PublicKey::kSize; ++at) {
    zeros = static_cast<std::uint8_t>(zeros + std::countl_zero(author.data[at]));
    if (author.data[at] != 0) break;
  }
  held = std::max(held, static_cast<std::uint8_t>(zeros + 1));
}

}  // namespace pharos
