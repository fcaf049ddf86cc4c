#include "net/socks5.h"

#include <boost/asio/ip/address.hpp>

namespace pharos::net {
namespace {

constexpr char kVersion = 5;
constexpr char kConnect = 1;
constexpr char kIpv4 = 1;
constexpr char kName = 3;
constexpr char kIpv6 = 4;

std::string_view reply_text(unsigned code) {
  switch (code) {
    case 1:
      return "proxy: general failure";
    case 2:
      return "proxy: not allowed by its rules";
    case 3:
      return "proxy: network unreachable";
    case 4:
      return "proxy: host unreachable";
    case 5:
      return "proxy: connection refused";
    case 6:
      return "proxy: TTL expired";
    case 7:
      return "proxy: command not supported";
    case 8:
      return "proxy: address type not supported";
    default:
      return "proxy: unknown failure";
  }
}

template <class Bytes>
void append_address(std::string& request, char type, const Bytes& bytes) {
  request.push_back(type);
  request.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

}  // namespace

Socks5Connect::Socks5Connect(std::string_view host, std::uint16_t port) {
  request_ = {kVersion, kConnect, 0};
  boost::system::error_code ec;
  const auto address = boost::asio::ip::make_address(host, ec);
  if (!ec && address.is_v4()) {
    append_address(request_, kIpv4, address.to_v4().to_bytes());
  } else if (!ec) {
    append_address(request_, kIpv6, address.to_v6().to_bytes());
  } else if (host.empty() || host.size() > 255) {
    fail("not a name a proxy can be asked for");
  } else {
    request_.push_back(kName);
    request_.push_back(static_cast<char>(host.size()));
    request_.append(host);
  }
  request_.push_back(static_cast<char>(port >> 8U));
  request_.push_back(static_cast<char>(port & 0xffU));
  pending_ = {kVersion, 1, 0};  // one method: no authentication
}

std::string Socks5Connect::to_send() {
  std::string out;
  out.swap(pending_);
  return out;
}

Socks5Connect::State Socks5Connect::fail(std::string_view why) {
  failure_ = why;
  return state_ = State::failed;
}

Socks5Connect::State Socks5Connect::feed(std::string& bytes) {
  if (state_ != State::working) return state_;
  if (step_ == Step::method) {
    if (bytes.size() < 2) return state_;
    if (bytes[0] != kVersion) return fail("proxy: does not speak SOCKS5");
    if (bytes[1] != 0) return fail("proxy: wants authentication");
    bytes.erase(0, 2);
    step_ = Step::reply;
    pending_.swap(request_);
  }
  // VER REP RSV ATYP BND.ADDR BND.PORT
  if (bytes.size() < 5) return state_;
  if (bytes[0] != kVersion) return fail("proxy: does not speak SOCKS5");
  if (bytes[1] != 0) return fail(reply_text(static_cast<unsigned char>(bytes[1])));
  std::size_t address_size = 0;
  switch (bytes[3]) {
    case kIpv4:
      address_size = 4;
      break;
    case kIpv6:
      address_size = 16;
      break;
    case kName:
      address_size = 1U + static_cast<unsigned char>(bytes[4]);
      break;
    default:
      return fail("proxy: reply with an unknown address type");
  }
  const std::size_t size = 4 + address_size + 2;
  if (bytes.size() < size) return state_;
  bytes.erase(0, size);
  return state_ = State::connected;
}

}  // namespace pharos::net
