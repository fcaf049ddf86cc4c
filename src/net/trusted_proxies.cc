#include "net/trusted_proxies.h"

#include <algorithm>
#include <optional>

#include "net/http_message.h"

namespace pharos::net {
namespace {

bool contains(const TrustedProxies& proxies, const IpRange& address) {
  return std::ranges::any_of(proxies, [&](const IpRange& range) { return range.contains(address); });
}

// Some proxies add the port: "192.0.2.1:4711", "[2001:db8::1]:4711".
std::optional<IpRange> address_of_hop(std::string_view hop) {
  if (hop.find('/') != std::string_view::npos) return std::nullopt;
  if (auto plain = IpRange::parse(hop)) return plain;
  if (hop.starts_with('[') && hop.ends_with(']')) return IpRange::parse(hop.substr(1, hop.size() - 2));
  return IpRange::of_endpoint(hop);
}

}  // namespace

bool is_trusted(const TrustedProxies& proxies, std::string_view endpoint) {
  if (proxies.empty()) return false;
  const auto address = IpRange::of_endpoint(endpoint);
  return address && contains(proxies, *address);
}

std::string forwarded_client(std::string_view forwarded_for, const std::string& direct, const TrustedProxies& proxies) {
  if (!is_trusted(proxies, direct)) return direct;
  while (!forwarded_for.empty()) {
    const std::size_t comma = forwarded_for.rfind(',');
    const bool is_first = comma == std::string_view::npos;
    const auto hop = address_of_hop(trimmed(is_first ? forwarded_for : forwarded_for.substr(comma + 1)));
    if (!hop) return direct;
    if (!contains(proxies, *hop)) {
      const std::string text = hop->text();
      return text.find(':') == std::string::npos ? text + ":0" : "[" + text + "]:0";
    }
    forwarded_for = is_first ? std::string_view() : forwarded_for.substr(0, comma);
  }
  return direct;
}

bool hides_its_clients(std::string_view forwarded_for, std::string_view host, std::string_view direct,
                       const TrustedProxies& proxies) {
  if (!forwarded_for.empty() || !is_trusted(proxies, direct)) return false;
  if (host.empty() || address_of_hop(host)) return false;
  return host.substr(0, host.find(':')) != "localhost";
}

}  // namespace pharos::net
