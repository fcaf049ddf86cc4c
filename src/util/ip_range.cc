#include "util/ip_range.h"

#include <algorithm>
#include <charconv>

#include <arpa/inet.h>

namespace pharos {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned kMappedBits = 96;

}  // namespace

std::optional<IpRange> IpRange::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string address(text.substr(0, slash));
  if (address.size() > INET6_ADDRSTRLEN || address.find('\0') != std::string::npos) return std::nullopt;
  IpRange range;
  range.v4_ = ::inet_pton(AF_INET, address.c_str(), range.bytes_.data()) == 1;
  if (!range.v4_ && ::inet_pton(AF_INET6, address.c_str(), range.bytes_.data()) != 1) return std::nullopt;
  unsigned length = range.full_length();
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (error != std::errc() || end != digits.data() + digits.size() || length > range.full_length())
      return std::nullopt;
  }
  const bool mapped = !range.v4_ && std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), range.bytes_.begin());
  if (mapped && length >= kMappedBits) {
    std::copy(range.bytes_.begin() + 12, range.bytes_.end(), range.bytes_.begin());
    std::fill(range.bytes_.begin() + 4, range.bytes_.end(), std::uint8_t{0});
    range.v4_ = true;
    length -= kMappedBits;
  }
  range.length_ = static_cast<std::uint8_t>(range.full_length());
  return range.widened(length);
}

std::optional<IpRange> IpRange::of_endpoint(std::string_view endpoint) {
  std::string_view host = endpoint.substr(0, endpoint.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.find('/') != std::string_view::npos) return std::nullopt;
  return parse(host);
}

std::string IpRange::text() const {
  char address[INET6_ADDRSTRLEN];
  ::inet_ntop(v4_ ? AF_INET : AF_INET6, bytes_.data(), address, sizeof address);
  std::string out = address;
  if (length_ < full_length()) out += "/" + std::to_string(length_);
  return out;
}

IpRange IpRange::widened(unsigned length) const {
  IpRange wider = *this;
  wider.length_ = static_cast<std::uint8_t>(length);
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    const auto before = static_cast<unsigned>(8 * i);
    const unsigned kept = length > before ? std::min(8U, length - before) : 0;
    wider.bytes_[i] = static_cast<std::uint8_t>(wider.bytes_[i] & (0xff00U >> kept));
  }
  return wider;
}

bool IpRange::contains(const IpRange& other) const {
  return v4_ == other.v4_ && other.length_ >= length_ && other.widened(length_) == *this;
}

}  // namespace pharos
