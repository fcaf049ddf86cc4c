#include "net/tls_stream.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <arpa/inet.h>
#include <openssl/x509v3.h>

#include "net/openssl_handles.h"
#include "net/shard_impl.h"
#include "net/tls_context_impl.h"

namespace pharos::net {
namespace {

// Plaintext encrypted at once; it leaves in one send.
constexpr std::size_t kWriteStep = 64 * 1024;
// A peer can make OpenSSL answer (key updates) faster than it reads the answers.
constexpr std::size_t kMaxPendingCipher = 1024 * 1024;

BIO_METHOD* stream_bio_method();

bool is_ip_literal(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return ::inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
}

// What pending operations share with the stream. User handlers live in the operations of the stream below, never
// here, so that nothing owns itself.
struct Core : std::enable_shared_from_this<Core> {
  struct UserWrite {
    std::string_view rest;
    bool stalled = false;
    WriteHandler handler;
  };
  // Owned by the write below that is under way; carries the user's write that waits for it.
  struct LowerWrite {
    std::optional<UserWrite> user;
  };

  Core(std::unique_ptr<ByteStream> lower_in, SslPtr ssl_in)
      : lower(std::move(lower_in)), shard(lower->shard()), ssl(std::move(ssl_in)) {
    BIO* bio = BIO_new(stream_bio_method());
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl.get(), bio, bio);
  }

  // Bytes that OpenSSL takes from below; what it leaves waits in kept.
  void feed(std::span<std::uint8_t> bytes) { incoming = bytes; }
  void keep_rest() {
    kept.assign(reinterpret_cast<const char*>(incoming.data()), incoming.size());
    incoming = {};
  }

  void handshake(TlsStream::HandshakeHandler handler);
  std::optional<NetFailure> handshake_failure(int ssl_error);
  void read(ReadHandler handler);
  void deliver(ReadHandler handler);
  void write(UserWrite user);
  void flush(std::optional<UserWrite> user);
  void flushed(LowerWrite& done, WriteOutcome outcome);

  std::unique_ptr<ByteStream> lower;
  IoShard& shard;
  SslPtr ssl;
  bool closed = false;
  bool lower_ended = false;
  bool shutdown_wanted = false;
  std::string error_text;

  std::span<std::uint8_t> incoming;
  std::string kept;
  std::string outgoing;   // encrypted, not yet handed below
  std::string in_flight;  // handed below
  bool lower_writing = false;
  std::weak_ptr<LowerWrite> lower_write;
};

int bio_read(BIO* bio, char* out, std::size_t size, std::size_t* read) {
  auto* core = static_cast<Core*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  *read = std::min(size, core->incoming.size());
  if (*read == 0) {
    if (!core->lower_ended) BIO_set_retry_read(bio);
    return 0;
  }
  std::memcpy(out, core->incoming.data(), *read);
  core->incoming = core->incoming.subspan(*read);
  return 1;
}

int bio_write(BIO* bio, const char* bytes, std::size_t size, std::size_t* written) {
  auto* core = static_cast<Core*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  *written = 0;
  if (core->outgoing.size() > kMaxPendingCipher) return 0;
  core->outgoing.append(bytes, size);
  *written = size;
  return 1;
}

long bio_control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) {
    const auto* core = static_cast<Core*>(BIO_get_data(bio));
    return core->lower_ended && core->incoming.empty() ? 1 : 0;
  }
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* stream_bio_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "byte stream");
    BIO_meth_set_read_ex(made, bio_read);
    BIO_meth_set_write_ex(made, bio_write);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return method;
}

void Core::handshake(TlsStream::HandshakeHandler handler) {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl.get());
  const int ssl_error = SSL_get_error(ssl.get(), result);
  keep_rest();
  if (result == 1 || ssl_error != SSL_ERROR_WANT_READ) {
    std::optional<NetFailure> failure;
    if (result != 1) failure = handshake_failure(ssl_error);
    flush(std::nullopt);
    shard.post([core = shared_from_this(), handler = std::move(handler), failure = std::move(failure)] {
      if (!core->closed) handler(failure);
    });
    return;
  }
  flush(std::nullopt);
  lower->read([core = shared_from_this(), handler = std::move(handler)](ReadStatus status,
                                                                        std::span<std::uint8_t> bytes) mutable {
    if (core->closed) return;
    if (status == ReadStatus::failed) {
      core->error_text = core->lower->error_text();
      return handler(NetFailure{NetError::tls, 0, core->error_text});
    }
    if (status == ReadStatus::end) core->lower_ended = true;
    core->feed(bytes);
    core->handshake(std::move(handler));
  });
}

std::optional<NetFailure> Core::handshake_failure(int ssl_error) {
  const long verified = SSL_get_verify_result(ssl.get());
  if (verified != X509_V_OK) {
    ERR_clear_error();
    return NetFailure{NetError::tls_certificate, 0, X509_verify_cert_error_string(verified)};
  }
  std::string detail = take_openssl_error();
  if (detail.empty() || (lower_ended && ssl_error == SSL_ERROR_SYSCALL)) detail = "closed during the handshake";
  return NetFailure{NetError::tls, 0, std::move(detail)};
}

void Core::read(ReadHandler handler) {
  // Half a record inside OpenSSL does not count: it waits for bytes from below.
  if (!kept.empty() || SSL_pending(ssl.get()) != 0 || lower_ended) {
    shard.post([core = shared_from_this(), handler = std::move(handler)]() mutable {
      if (core->closed) return;
      core->feed({reinterpret_cast<std::uint8_t*>(core->kept.data()), core->kept.size()});
      core->deliver(std::move(handler));
    });
    return;
  }
  lower->read([core = shared_from_this(), handler = std::move(handler)](ReadStatus status,
                                                                        std::span<std::uint8_t> bytes) mutable {
    if (core->closed) return;
    if (status == ReadStatus::failed) {
      core->error_text = core->lower->error_text();
      return handler(ReadStatus::failed, {});
    }
    if (status == ReadStatus::end) core->lower_ended = true;
    core->feed(bytes);
    core->deliver(std::move(handler));
  });
}

void Core::deliver(ReadHandler handler) {
  Scratch& plain = *shard.impl().plain_scratch;
  std::size_t filled = 0;
  int ssl_error = SSL_ERROR_NONE;
  ERR_clear_error();
  while (filled < plain.size()) {
    std::size_t n = 0;
    const int result = SSL_read_ex(ssl.get(), plain.data() + filled, plain.size() - filled, &n);
    if (result != 1) {
      ssl_error = SSL_get_error(ssl.get(), result);
      break;
    }
    filled += n;
  }
  keep_rest();
  flush(std::nullopt);
  if (filled != 0) {
    ERR_clear_error();
    return handler(ReadStatus::data, std::span(plain).first(filled));
  }
  if (ssl_error == SSL_ERROR_WANT_READ) return read(std::move(handler));
  // Many peers end the connection without the TLS alert; WebSocket and HTTP framing tell a cut message by themselves.
  if (ssl_error == SSL_ERROR_ZERO_RETURN || lower_ended) {
    ERR_clear_error();
    lower_ended = true;
    return handler(ReadStatus::end, {});
  }
  error_text = take_openssl_error();
  if (error_text.empty()) error_text = "TLS failure";
  handler(ReadStatus::failed, {});
}

void Core::write(UserWrite user) {
  if (lower_writing) {
    if (const auto current = lower_write.lock()) current->user = std::move(user);
    return;
  }
  ERR_clear_error();
  const std::string_view step = user.rest.substr(0, kWriteStep);
  std::size_t taken = 0;
  while (taken < step.size()) {
    std::size_t n = 0;
    if (SSL_write_ex(ssl.get(), step.data() + taken, step.size() - taken, &n) != 1) {
      error_text = take_openssl_error();
      if (error_text.empty()) error_text = "TLS failure";
      shard.post([core = shared_from_this(), handler = std::move(user.handler)] {
        if (!core->closed) handler({false, false});
      });
      return;
    }
    taken += n;
  }
  user.rest.remove_prefix(taken);
  flush(std::move(user));
}

void Core::flush(std::optional<UserWrite> user) {
  if (lower_writing || (outgoing.empty() && !user)) return;
  in_flight.clear();
  in_flight.swap(outgoing);
  lower_writing = true;
  auto write = std::make_shared<LowerWrite>();
  write->user = std::move(user);
  lower_write = write;
  lower->write(in_flight, [core = shared_from_this(), write](WriteOutcome outcome) {
    if (!core->closed) core->flushed(*write, outcome);
  });
}

void Core::flushed(LowerWrite& done, WriteOutcome outcome) {
  lower_writing = false;
  std::string().swap(in_flight);
  std::optional<UserWrite> user = std::move(done.user);
  if (!outcome.ok) {
    error_text = lower->error_text();
    if (user) user->handler(outcome);
    return;
  }
  if (user) {
    user->stalled = user->stalled || outcome.stalled;
    if (!user->rest.empty()) return write(std::move(*user));
    const UserWrite finished = std::move(*user);
    finished.handler({true, finished.stalled});
    if (closed) return;
  }
  if (!lower_writing) flush(std::nullopt);
  if (!lower_writing && shutdown_wanted) lower->shutdown_write();
}

class OpenSslStream final : public TlsStream {
 public:
  OpenSslStream(std::unique_ptr<ByteStream> lower, SslPtr ssl, std::shared_ptr<const void> context)
      : core_(std::make_shared<Core>(std::move(lower), std::move(ssl))), context_(std::move(context)) {}
  ~OpenSslStream() override { close(); }

  void handshake(HandshakeHandler handler) override { core_->handshake(std::move(handler)); }
  TlsPeer peer() const override {
    TlsPeer facts;
    facts.used = true;
    const X509* certificate = SSL_get0_peer_certificate(core_->ssl.get());
    facts.not_after_unix_seconds = not_after_of(certificate);
    facts.issuer = issuer_of(certificate);
    return facts;
  }

  void read(ReadHandler handler) override { core_->read(std::move(handler)); }
  void write(std::string_view bytes, WriteHandler handler) override {
    core_->write({bytes, false, std::move(handler)});
  }
  void shutdown_write() override {
    ERR_clear_error();
    SSL_shutdown(core_->ssl.get());
    ERR_clear_error();
    core_->shutdown_wanted = true;
    core_->flush(std::nullopt);
    if (!core_->lower_writing) core_->lower->shutdown_write();
  }
  void close() override {
    core_->closed = true;
    core_->lower->close();
  }
  const std::string& peer_address() const override { return core_->lower->peer_address(); }
  const std::string& error_text() const override { return core_->error_text; }
  IoShard& shard() override { return core_->shard; }

 private:
  std::shared_ptr<Core> core_;
  std::shared_ptr<const void> context_;
};

}  // namespace

std::unique_ptr<TlsStream> make_tls_server_stream(std::unique_ptr<ByteStream> lower,
                                                  std::shared_ptr<const TlsContext> context) {
  SslPtr ssl(SSL_new(context->impl().context.get()));
  SSL_set_accept_state(ssl.get());
  return std::make_unique<OpenSslStream>(std::move(lower), std::move(ssl), std::move(context));
}

Result<std::unique_ptr<TlsStream>, NetFailure> make_tls_client_stream(std::unique_ptr<ByteStream> lower,
                                                                      const std::string& host,
                                                                      const std::string& ca_file) {
  PHAROS_TRY(auto context, lower->shard().impl().tls_client_contexts.get(ca_file));
  SslPtr ssl(SSL_new(context.get()));
  SSL_set_connect_state(ssl.get());
  X509_VERIFY_PARAM* verify = SSL_get0_param(ssl.get());
  const bool is_address = is_ip_literal(host);
  const int set = is_address ? X509_VERIFY_PARAM_set1_ip_asc(verify, host.c_str())
                             : X509_VERIFY_PARAM_set1_host(verify, host.c_str(), host.size());
  // A name that cannot be sent as SNI cannot be in a certificate either.
  if (set != 1 || (!is_address && SSL_set_tlsext_host_name(ssl.get(), host.c_str()) != 1)) {
    ERR_clear_error();
    return NetFailure{NetError::bad_address, 0, "not a host name that TLS can ask for"};
  }
  X509_VERIFY_PARAM_set_hostflags(verify, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return std::unique_ptr<TlsStream>(
      std::make_unique<OpenSslStream>(std::move(lower), std::move(ssl), std::move(context)));
}

}  // namespace pharos::net
