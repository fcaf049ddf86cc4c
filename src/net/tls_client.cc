#include "net/tls_client.h"

#include "net/openssl_handles.h"

namespace pharos::net {
namespace {
constexpr std::size_t kMaxEntries = 8;
constexpr std::chrono::hours kMaxAge{1};
}  // namespace

TlsClientContexts::TlsClientContexts() = default;
TlsClientContexts::~TlsClientContexts() = default;

Result<std::shared_ptr<ssl_ctx_st>, NetFailure> TlsClientContexts::get(const std::string& ca_file) {
  const auto now = std::chrono::steady_clock::now();
  std::erase_if(entries_, [&](const Entry& entry) { return now - entry.loaded > kMaxAge; });
  for (const Entry& entry : entries_)
    if (entry.ca_file == ca_file) return entry.context;

  ERR_clear_error();
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  if (!context) return NetFailure{NetError::tls, 0, take_openssl_error()};
  set_common_options(context.get());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_default_verify_paths(context.get());
  if (!ca_file.empty() && SSL_CTX_load_verify_file(context.get(), ca_file.c_str()) != 1)
    return NetFailure{NetError::tls, 0, ca_file + ": cannot read the trust anchors: " + take_openssl_error()};
  static constexpr unsigned char kProtocols[] = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(context.get(), kProtocols, sizeof kProtocols - 1);
  ERR_clear_error();

  if (entries_.size() >= kMaxEntries) entries_.erase(entries_.begin());
  entries_.push_back({ca_file, context, now});
  return context;
}

}  // namespace pharos::net
