// Owning handles and small helpers for OpenSSL objects; for the TLS files of net.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace pharos::net {

template <auto Free>
struct OpenSslFree {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using SslContextPtr = std::unique_ptr<SSL_CTX, OpenSslFree<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, OpenSslFree<SSL_free>>;

// The newest error of this thread's queue as text, "" when there is none; empties the queue.
std::string take_openssl_error();

// 0 when the field cannot be read.
std::int64_t not_after_of(const X509* certificate);
// "C=US, O=Let's Encrypt, CN=R3"
std::string issuer_of(const X509* certificate);

// What clients and servers share: TLS 1.2 or newer, no compression, no renegotiation, buffers given back when idle.
void set_common_options(SSL_CTX* context);

}  // namespace pharos::net
