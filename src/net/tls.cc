#include "net/tls.h"

#include <ctime>
#include <utility>

#include <openssl/bio.h>

#include "net/openssl_handles.h"
#include "net/tls_context_impl.h"

namespace pharos::net {
namespace {

// Browsers speak HTTP/1.1 for WebSockets; a client that only knows others is told so by the alert.
int select_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                    unsigned int in_size, void*) {
  static constexpr unsigned char kOurs[] = "\x08http/1.1";
  unsigned char* selected = nullptr;
  if (SSL_select_next_proto(&selected, out_size, kOurs, sizeof kOurs - 1, in, in_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

NetFailure failure_of(const std::string& file, const std::string& what) {
  return {NetError::tls, 0, file + ": " + what};
}

}  // namespace

std::string take_openssl_error() {
  std::string text;
  while (const unsigned long code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    text = reason != nullptr ? reason : "error " + std::to_string(code);
  }
  return text;
}

std::int64_t not_after_of(const X509* certificate) {
  std::tm when{};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &when) != 1) return 0;
  return static_cast<std::int64_t>(timegm(&when));
}

std::string issuer_of(const X509* certificate) {
  if (certificate == nullptr) return {};
  BIO* bio = BIO_new(BIO_s_mem());
  X509_NAME_print_ex(bio, X509_get_issuer_name(certificate), 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

void set_common_options(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_cipher_list(context, "HIGH:!aNULL:!kRSA:!SHA1:!CAMELLIA:!ARIA");
}

Result<std::shared_ptr<const TlsContext>, NetFailure> TlsContext::load(const std::string& certificate_file,
                                                                       const std::string& key_file) {
  ERR_clear_error();
  auto impl = std::make_unique<Impl>();
  impl->context.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* context = impl->context.get();
  if (context == nullptr) return failure_of(certificate_file, take_openssl_error());
  set_common_options(context);
  SSL_CTX_set_alpn_select_cb(context, select_protocol, nullptr);
  static constexpr unsigned char kSessionContext[] = "pharos";
  SSL_CTX_set_session_id_context(context, kSessionContext, sizeof kSessionContext - 1);

  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1)
    return failure_of(certificate_file, "cannot read the certificate chain: " + take_openssl_error());
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    return failure_of(key_file, "cannot use the private key with " + certificate_file + ": " + take_openssl_error());
  if (SSL_CTX_check_private_key(context) != 1)
    return failure_of(key_file, "the key does not belong to " + certificate_file + ": " + take_openssl_error());
  impl->not_after = not_after_of(SSL_CTX_get0_certificate(context));
  return std::shared_ptr<const TlsContext>(std::make_shared<TlsContext>(std::move(impl)));
}

TlsContext::TlsContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsContext::~TlsContext() = default;
std::int64_t TlsContext::not_after_unix_seconds() const { return impl_->not_after; }

}  // namespace pharos::net
