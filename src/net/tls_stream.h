// TLS over another stream, both sides. OpenSSL reads and writes memory; the stream below moves the bytes.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "net/byte_stream.h"
#include "net/error.h"
#include "net/tls.h"
#include "net/ws_connector.h"

namespace pharos::net {

// read() and write() only after a handshake that succeeded.
class TlsStream : public ByteStream {
 public:
  using HandshakeHandler = std::function<void(std::optional<NetFailure>)>;
  // Once. The failure tells a certificate that did not verify from other faults.
  virtual void handshake(HandshakeHandler handler) = 0;
  // The peer's certificate, when it showed one; also after a failed handshake.
  virtual TlsPeer peer() const = 0;
};

std::unique_ptr<TlsStream> make_tls_server_stream(std::unique_ptr<ByteStream> lower,
                                                  std::shared_ptr<const TlsContext> context);

// Verifies that the certificate is for host, a name or an IP address, and chains to a trust anchor.
Result<std::unique_ptr<TlsStream>, NetFailure> make_tls_client_stream(std::unique_ptr<ByteStream> lower,
                                                                      const std::string& host,
                                                                      const std::string& ca_file);

}  // namespace pharos::net
