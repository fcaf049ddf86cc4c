#include "net/proxy_protocol.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

#include <arpa/inet.h>

#include "util/ip_range.h"

namespace pharos::net {
namespace {

using State = ProxyHeader::State;

constexpr std::string_view kSignature1 = "PROXY ";
constexpr std::size_t kMaxLine = 107;
constexpr std::string_view kSignature2("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kFixed2 = 16;

bool begins_like(std::string_view bytes, std::string_view signature) {
  return bytes.substr(0, signature.size()) == signature.substr(0, bytes.size());
}

std::string endpoint_text(const std::string& address, unsigned port) {
  const bool is_v6 = address.find(':') != std::string::npos;
  return (is_v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

// The next word of a line and the space behind it.
std::string_view take_word(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

std::optional<unsigned> port_of(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port > 0xffff) return std::nullopt;
  return port;
}

// "TCP4 192.0.2.1 198.51.100.1 4711 443" without the signature and the line's end.
ProxyHeader parse_line(std::string_view line, std::size_t size) {
  const std::string_view family = take_word(line);
  if (family == "UNKNOWN") return {State::complete, size, {}};
  if (family != "TCP4" && family != "TCP6") return {};
  const auto source = IpRange::parse(take_word(line));
  const auto destination = IpRange::parse(take_word(line));
  const auto source_port = port_of(take_word(line));
  const auto destination_port = port_of(take_word(line));
  const bool is_whole = source && destination && source_port && destination_port && line.empty();
  if (!is_whole || source->length() != source->full_length()) return {};
  return {State::complete, size, endpoint_text(source->text(), *source_port)};
}

ProxyHeader parse_1(std::string_view bytes) {
  const std::size_t end = bytes.substr(0, kMaxLine).find("\r\n");
  if (end == std::string_view::npos) return {bytes.size() < kMaxLine ? State::incomplete : State::invalid, 0, {}};
  return parse_line(bytes.substr(kSignature1.size(), end - kSignature1.size()), end + 2);
}

unsigned byte_at(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

// Source and destination addresses, then source and destination ports.
template <std::size_t Size>
std::optional<std::string> source_of(std::string_view addresses, int family) {
  if (addresses.size() < 2 * Size + 4) return std::nullopt;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (::inet_ntop(family, addresses.data(), text.data(), text.size()) == nullptr) return std::nullopt;
  const auto address = IpRange::parse(text.data());
  if (!address) return std::nullopt;
  return endpoint_text(address->text(), byte_at(addresses, 2 * Size) << 8U | byte_at(addresses, 2 * Size + 1));
}

ProxyHeader parse_2(std::string_view bytes) {
  constexpr unsigned kVersion2 = 0x20;
  constexpr unsigned kLocal = 0x0;
  constexpr unsigned kProxy = 0x1;
  constexpr unsigned kTcp4 = 0x11;
  constexpr unsigned kTcp6 = 0x21;
  if (bytes.size() < kFixed2) return {State::incomplete, 0, {}};
  const unsigned command = byte_at(bytes, 12) & 0x0fU;
  if ((byte_at(bytes, 12) & 0xf0U) != kVersion2 || command > kProxy) return {};
  const std::size_t size = kFixed2 + (byte_at(bytes, 14) << 8U | byte_at(bytes, 15));
  if (size > kMaxProxyHeader) return {};
  if (bytes.size() < size) return {State::incomplete, 0, {}};
  const std::string_view addresses = bytes.substr(kFixed2, size - kFixed2);
  const unsigned family = byte_at(bytes, 13);
  if (command == kLocal || (family != kTcp4 && family != kTcp6)) return {State::complete, size, {}};
  const auto source = family == kTcp4 ? source_of<4>(addresses, AF_INET) : source_of<16>(addresses, AF_INET6);
  if (!source) return {};
  return {State::complete, size, *source};
}

}  // namespace

ProxyHeader parse_proxy_header(std::string_view bytes) {
  if (bytes.empty()) return {State::incomplete, 0, {}};
  if (begins_like(bytes, kSignature1)) {
    return bytes.size() < kSignature1.size() ? ProxyHeader{State::incomplete, 0, {}} : parse_1(bytes);
  }
  if (begins_like(bytes, kSignature2)) return parse_2(bytes);
  return {};
}

}  // namespace pharos::net
