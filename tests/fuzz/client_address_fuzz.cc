// What a proxy says of its client: any bytes as X-Forwarded-For and as a PROXY header. What is taken is an address that
// reads back, and a header that ends early is only ever incomplete.

#include <cstddef>
#include <cstdint>
#include <string>

#include "net/proxy_protocol.h"
#include "net/trusted_proxies.h"
#include "util/check.h"

namespace {

using namespace pharos;
using namespace pharos::net;

void check_forwarded(std::string_view text) {
  static const TrustedProxies kProxies{*IpRange::parse("127.0.0.1"), *IpRange::parse("10.0.0.0/8"),
                                       *IpRange::parse("2001:db8::/32")};
  const std::string direct = "127.0.0.1:4711";
  const std::string client = forwarded_client(text, direct, kProxies);
  PHAROS_FATAL_CHECK(IpRange::of_endpoint(client).has_value());
  PHAROS_FATAL_CHECK(client == direct || !is_trusted(kProxies, client));
}

void check_header(std::string_view bytes) {
  const ProxyHeader header = parse_proxy_header(bytes);
  if (header.state != ProxyHeader::State::complete) return;
  PHAROS_FATAL_CHECK(header.size > 0 && header.size <= bytes.size() && header.size <= kMaxProxyHeader);
  if (!header.source.empty()) PHAROS_FATAL_CHECK(IpRange::of_endpoint(header.source).has_value());
  for (std::size_t size = 0; size < header.size; ++size) {
    PHAROS_FATAL_CHECK(parse_proxy_header(bytes.substr(0, size)).state == ProxyHeader::State::incomplete);
  }
  const ProxyHeader alone = parse_proxy_header(bytes.substr(0, header.size));
  PHAROS_FATAL_CHECK(alone.size == header.size && alone.source == header.source);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_forwarded(bytes);
  check_header(bytes);
  return 0;
}
