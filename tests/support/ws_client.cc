#include "support/ws_client.h"

#include <stdexcept>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>

namespace pharos::testing {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using boost::system::error_code;

namespace {

asio::ip::tcp::endpoint endpoint_of(const std::string& address) {
  const auto colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  return {asio::ip::make_address(host), static_cast<std::uint16_t>(std::stoul(address.substr(colon + 1)))};
}

}  // namespace

struct WsClient::Impl {
  asio::io_context io{1};
  websocket::stream<beast::tcp_stream> stream{io};
  beast::flat_buffer buffer;
  bool reading = false;
  bool have_message = false;
  bool gone = false;
  std::string message;

  void start_read() {
    reading = true;
    stream.async_read(buffer, [this](error_code ec, std::size_t) {
      reading = false;
      if (ec) {
        gone = true;
        return;
      }
      have_message = true;
      message = beast::buffers_to_string(buffer.data());
      buffer.consume(buffer.size());
    });
  }
};

WsClient::WsClient(const std::string& address, const Options& options) : impl_(std::make_unique<Impl>()) {
  error_code ec;
  auto& stream = impl_->stream;
  beast::get_lowest_layer(stream).socket().connect(endpoint_of(address), ec);
  if (ec) throw std::runtime_error("connect " + address + ": " + ec.message());
  // As clients do: a CLOSE, which has no answer, must not hold back the REQ after it.
  beast::get_lowest_layer(stream).socket().set_option(boost::asio::ip::tcp::no_delay(true), ec);
  websocket::permessage_deflate deflate;
  deflate.client_enable = options.deflate;
  stream.set_option(deflate);
  stream.read_message_max(64U << 20U);
  stream.handshake(address, options.path, ec);
  if (ec) throw std::runtime_error("upgrade " + address + ": " + ec.message());
  stream.text(true);
}

WsClient::~WsClient() = default;
WsClient::WsClient(WsClient&&) noexcept = default;
WsClient& WsClient::operator=(WsClient&&) noexcept = default;

bool WsClient::send(std::string_view text) {
  error_code ec;
  impl_->stream.write(asio::buffer(text), ec);
  return !ec;
}

std::optional<std::string> WsClient::receive(std::chrono::milliseconds limit) {
  if (impl_->gone) return std::nullopt;
  if (!impl_->reading && !impl_->have_message) impl_->start_read();
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!impl_->have_message && !impl_->gone) {
    impl_->io.restart();
    if (impl_->io.run_one_until(deadline) == 0) return std::nullopt;
  }
  if (!impl_->have_message) return std::nullopt;
  impl_->have_message = false;
  return std::move(impl_->message);
}

bool WsClient::closed() const { return impl_->gone; }
std::uint16_t WsClient::close_code() const { return impl_->stream.reason().code; }
std::string WsClient::close_reason() const {
  const auto& text = impl_->stream.reason().reason;
  return {text.data(), text.size()};
}

void WsClient::close() {
  error_code ignored;
  beast::get_lowest_layer(impl_->stream).socket().close(ignored);
  impl_->gone = true;
}

HttpReply http_exchange(const std::string& address, std::string_view request) {
  asio::io_context io;
  asio::ip::tcp::socket socket(io);
  error_code ec;
  socket.connect(endpoint_of(address), ec);
  if (ec) throw std::runtime_error("connect " + address + ": " + ec.message());
  socket.set_option(boost::asio::ip::tcp::no_delay(true), ec);
  asio::write(socket, asio::buffer(request), ec);
  std::string all;
  asio::read(socket, asio::dynamic_buffer(all), ec);
  HttpReply reply;
  const auto split = all.find("\r\n\r\n");
  reply.head = all.substr(0, split);
  if (split != std::string::npos) reply.body = all.substr(split + 4);
  if (reply.head.size() > 12) reply.status = static_cast<unsigned>(std::stoul(reply.head.substr(9, 3)));
  return reply;
}

HttpReply http_get(const std::string& address, const std::string& target, const std::string& headers) {
  return http_exchange(
      address, "GET " + target + " HTTP/1.1\r\nHost: " + address + "\r\nConnection: close\r\n" + headers + "\r\n");
}

}  // namespace pharos::testing
