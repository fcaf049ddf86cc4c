#include "net/tls.h"

#include <ctime>
#include <fstream>

#include <gmock/gmock.h>

#include "dial_fixture.h"
#include "support/eventually.h"
#include "support/raw_socket.h"
#include "support/temp_dir.h"
#include "support/test_certificate.h"

namespace pharos::net::testing {
namespace {

using pharos::testing::CertificateRequest;
using pharos::testing::eventually;
using pharos::testing::make_authority;
using pharos::testing::make_certificate;
using pharos::testing::RawSocket;
using pharos::testing::ScriptedPeer;
using pharos::testing::TempDir;
using pharos::testing::TestCertificate;
using ::testing::HasSubstr;

class TlsTest : public DialTest {
 protected:
  TlsTest() {
    write("ca.pem", authority_.certificate);
    dial_.ca_file = path("ca.pem");
  }
  std::string path(const std::string& name) const { return (directory_.path() / name).string(); }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }

  std::shared_ptr<const TlsContext> context_for(const CertificateRequest& request) {
    const TestCertificate certificate = make_certificate(authority_, request);
    write("server.pem", certificate.certificate);
    write("server.key", certificate.key);
    auto loaded = TlsContext::load(path("server.pem"), path("server.key"));
    EXPECT_TRUE(loaded.has_value());
    return loaded.value();
  }
  void serve(const CertificateRequest& request) {
    tls_ = std::make_shared<Snapshot<TlsContext>>(context_for(request));
    start();
  }
  DialFailure failure_at(const std::string& host) {
    DialOutcome dialed = dial(target_at(port(), true, host));
    EXPECT_FALSE(dialed.has_value());
    return dialed.has_value() ? DialFailure{} : dialed.error();
  }

  TempDir directory_;
  TestCertificate authority_ = make_authority("Our Authority");
};

TEST_F(TlsTest, EchoesOverTlsAndKnowsTheCertificate) {
  serve({.dns_names = {"localhost"}});
  DialOutcome dialed = dial(target_at(port(), true, "localhost"));
  ASSERT_TRUE(dialed.has_value()) << dialed.error().failure.detail;
  EXPECT_TRUE(dialed.value().tls.used);
  EXPECT_THAT(dialed.value().tls.issuer, HasSubstr("Our Authority"));
  EXPECT_NEAR(static_cast<double>(dialed.value().tls.not_after_unix_seconds),
              static_cast<double>(std::time(nullptr) + 24 * 3600), 60);
  EXPECT_GT(dialed.value().times.tls.count(), 0);
  const std::string text(500'000, 't');
  EXPECT_EQ(echo(dialed.value().connection, text), text);
}

TEST_F(TlsTest, MovesManyMessagesBothWays) {
  options_.ws.deflate = false;
  serve({.ip_addresses = {"127.0.0.1"}});
  DialOutcome dialed = dial(target_at(port(), true));
  ASSERT_TRUE(dialed.has_value()) << dialed.error().failure.detail;
  const WsConnectionPtr connection = dialed.value().connection;
  std::promise<void> all;
  int got = 0;
  std::size_t bytes = 0;
  run_on(shard(), [&] {
    connection->start({[&](std::string_view text) {
                         bytes += text.size();
                         if (++got == 2'000) all.set_value();
                       },
                       {},
                       {}});
    for (std::size_t i = 0; i < 2'000; ++i) connection->send(std::string(i, 'm'));
  });
  ASSERT_EQ(all.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
  EXPECT_EQ(bytes, 1'999U * 2'000U / 2);
  run_on(shard(), [&] { connection->close(CloseCause::policy, 1000, ""); });
}

TEST_F(TlsTest, RefusesACertificateForAnotherHost) {
  serve({.dns_names = {"elsewhere.example"}});
  const DialFailure failure = failure_at("localhost");
  EXPECT_EQ(failure.failure.error, NetError::tls_certificate);
  EXPECT_THAT(failure.failure.detail, HasSubstr("mismatch"));
  EXPECT_TRUE(eventually([&] { return cells_.tls_failures == 1; }));
}

TEST_F(TlsTest, RefusesExpiredAndUntrustedCertificates) {
  serve({.dns_names = {"localhost"}, .valid_from = std::chrono::hours(-2), .valid_until = std::chrono::hours(-1)});
  const DialFailure expired = failure_at("localhost");
  EXPECT_EQ(expired.failure.error, NetError::tls_certificate);
  EXPECT_THAT(expired.failure.detail, HasSubstr("expired"));
  EXPECT_LT(expired.tls.not_after_unix_seconds, std::time(nullptr));

  tls_->set(context_for({.dns_names = {"localhost"}}));
  dial_.ca_file = "";
  EXPECT_EQ(failure_at("localhost").failure.error, NetError::tls_certificate);
}

TEST_F(TlsTest, AHandshakeIsCountedInPlaceOfItsRequest) {
  std::atomic<int> asked = 0;
  handlers_.is_too_fast = [&](const std::string&) -> std::optional<std::chrono::seconds> {
    return ++asked > 1 ? std::optional(std::chrono::seconds(7)) : std::nullopt;
  };
  serve({.dns_names = {"localhost"}});
  DialOutcome dialed = dial(target_at(port(), true, "localhost"));
  ASSERT_TRUE(dialed.has_value()) << dialed.error().failure.detail;
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(failure_at("localhost").failure.error, NetError::tls);
  EXPECT_EQ(asked, 2);
  EXPECT_TRUE(eventually([&] { return cells_.rejected_rate == 1; }));
  EXPECT_EQ(cells_.tls_failures, 0) << "there was none";
}

TEST_F(TlsTest, ServesANewContextAfterAReload) {
  serve({.dns_names = {"old.example"}});
  EXPECT_EQ(failure_at("localhost").failure.error, NetError::tls_certificate);
  tls_->set(context_for({.dns_names = {"localhost"}}));
  DialOutcome dialed = dial(target_at(port(), true, "localhost"));
  ASSERT_TRUE(dialed.has_value()) << dialed.error().failure.detail;
  EXPECT_EQ(echo(dialed.value().connection, "x"), "x");
}

TEST_F(TlsTest, TellsAPeerThatSpeaksNoTlsFromABadCertificate) {
  shards_.start();
  ScriptedPeer plain([](RawSocket& socket) {
    socket.read_bytes(10);
    socket.send("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  DialOutcome dialed = dial(target_at(plain.port(), true));
  ASSERT_FALSE(dialed.has_value());
  EXPECT_EQ(dialed.error().failure.error, NetError::tls);
  ScriptedPeer closing([](RawSocket& socket) { socket.read_bytes(10); });
  dialed = dial(target_at(closing.port(), true));
  ASSERT_FALSE(dialed.has_value());
  EXPECT_EQ(dialed.error().failure.error, NetError::tls);
}

TEST_F(TlsTest, CountsClientsThatSpeakNoTls) {
  options_.handshake_timeout = std::chrono::milliseconds(500);
  serve({.dns_names = {"localhost"}});
  RawSocket plain(address());
  plain.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  plain.read_to_end();
  EXPECT_EQ(cells_.tls_failures, 1U);
  RawSocket silent(address());
  EXPECT_TRUE(silent.ends_within(std::chrono::seconds(5)));
}

TEST_F(TlsTest, FetchesOverTls) {
  serve({.dns_names = {"localhost"}});
  const FetchOutcome fetched = fetch(target_at(port(), true, "localhost"));
  ASSERT_TRUE(fetched.has_value()) << fetched.error().failure.detail;
  EXPECT_EQ(fetched.value().body, "GET /\n");
  EXPECT_TRUE(fetched.value().tls.used);
}

TEST_F(TlsTest, NamesTheFileThatCannotBeUsed) {
  context_for({.dns_names = {"a"}});
  EXPECT_GT(TlsContext::load(path("server.pem"), path("server.key")).value()->not_after_unix_seconds(),
            std::time(nullptr));
  const auto detail = [&](const std::string& certificate, const std::string& key) {
    auto loaded = TlsContext::load(path(certificate), path(key));
    return loaded.has_value() ? std::string() : loaded.error().detail;
  };
  EXPECT_THAT(detail("absent.pem", "server.key"), HasSubstr("absent.pem"));
  EXPECT_THAT(detail("server.pem", "absent.key"), HasSubstr("absent.key"));
  write("other.key", make_certificate(authority_, {}).key);
  EXPECT_THAT(detail("server.pem", "other.key"), HasSubstr("other.key"));
  write("garbage.pem", "not PEM");
  EXPECT_THAT(detail("garbage.pem", "server.key"), HasSubstr("garbage.pem"));
}

}  // namespace
}  // namespace pharos::net::testing
