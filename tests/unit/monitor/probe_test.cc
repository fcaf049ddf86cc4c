#include "monitor/probe.h"

#include <future>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

#include "monitor_world.h"

namespace pharos::monitor {
namespace {

using testing::EndpointKind;

class ProbeTest : public testing::MonitorTest {
 protected:
  ProbeResult probe(EndpointKind kind) { return probe(endpoints.add(kind).url()); }
  ProbeResult probe(const std::string& url) {
    std::promise<ProbeResult> done;
    probe_once(shards.background(), RelayUrl::parse(url).value(), options.probe, clock, random,
               [&](const RelayUrl&, const ProbeResult& result) { done.set_value(result); });
    return done.get_future().get();
  }
};

TEST_F(ProbeTest, AHealthyRelayPassesEverything) {
  const ProbeResult result = probe(EndpointKind::healthy);
  for (const Check which : {Check::open, Check::read, Check::write, Check::nip11})
    EXPECT_TRUE(result.check(which).ok()) << name(which) << " " << result.check(which).detail;
  EXPECT_GT(result.tcp_us, 0U);
  EXPECT_GT(result.http_us, 0U);
  EXPECT_THAT(result.address, ::testing::HasSubstr("127.0.0.1"));
  EXPECT_TRUE(result.nip11_digest.has_value());
}

TEST_F(ProbeTest, ATrustedCertificateIsDescribed) {
  const ProbeResult result = probe(EndpointKind::healthy_tls);
  EXPECT_TRUE(result.open.ok()) << result.open.detail;
  EXPECT_TRUE(result.tls_used);
  EXPECT_GT(result.tls_us, 0U);
  EXPECT_GT(result.tls_not_after, clock.unix_now());
  EXPECT_NE(result.tls_issuer, "");
}

TEST_F(ProbeTest, EachKindOfFailureIsToldApart) {
  const auto patient = options.probe.timeouts;
  options.probe.timeouts.open = std::chrono::milliseconds(300);
  options.probe.timeouts.nip11 = std::chrono::milliseconds(300);
  EXPECT_EQ(probe(EndpointKind::silent).open.outcome, Outcome::timeout);
  options.probe.timeouts = patient;
  EXPECT_EQ(probe(EndpointKind::dead).open.fault, Fault::tcp);
  EXPECT_EQ(probe(EndpointKind::bad_certificate).open.fault, Fault::tls_certificate);
  const ProbeResult refused = probe(EndpointKind::http_503);
  EXPECT_EQ(refused.open.fault, Fault::http);
  EXPECT_EQ(refused.open.detail, "503");
}

TEST_F(ProbeTest, PolicyIsNoFailureOfTheConnection) {
  EXPECT_EQ(probe(EndpointKind::auth_required).read.fault, Fault::auth_required);
  EXPECT_EQ(probe(EndpointKind::read_only).write.fault, Fault::restricted);
  EXPECT_EQ(probe(EndpointKind::pow).write.fault, Fault::pow);
  EXPECT_EQ(probe(EndpointKind::closes).read.fault, Fault::closed);
  EXPECT_TRUE(probe(EndpointKind::empty).read.ok());
}

TEST_F(ProbeTest, AnswersAuthWhenToldTo) {
  options.probe.answer_auth = true;
  const ProbeResult result = probe(EndpointKind::auth_required);
  EXPECT_TRUE(result.auth.ok());
  EXPECT_TRUE(result.read.ok());
  EXPECT_TRUE(result.write.ok());
  EXPECT_EQ(observed_requirements(result).auth, true);
}

TEST_F(ProbeTest, HostileDocumentsAndFloodsAreContained) {
  const ProbeResult huge = probe(EndpointKind::huge_nip11);
  EXPECT_EQ(huge.nip11.fault, Fault::too_large);
  EXPECT_TRUE(huge.write.ok());
  EXPECT_EQ(probe(EndpointKind::broken_nip11).nip11.fault, Fault::bad_answer);
  EXPECT_EQ(probe(EndpointKind::flood).read.fault, Fault::bad_answer);
  EXPECT_TRUE(probe(EndpointKind::garbage).spoke_garbage);
}

TEST_F(ProbeTest, AnOverlayWithoutAProxyIsNeitherLookedUpNorJudged) {
  const ProbeResult result = probe("ws://pharosexampleaddress.onion");
  EXPECT_EQ(result.open.fault, Fault::local);
  EXPECT_EQ(result.nip11.fault, Fault::local);
  EXPECT_FALSE(result.is_evidence());
}

TEST_F(ProbeTest, WithoutADescriptorNothingIsSaidOfTheRelay) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer's own check of vtables opens a pipe and takes a failure for a bad one";
#endif
  const std::string url = endpoints.add(EndpointKind::healthy).url();
  probe(EndpointKind::dead);  // what the loop needs for itself is open
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit small{256, limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &small), 0);
  std::vector<int> taken;
  for (int fd = ::dup(STDERR_FILENO); fd >= 0; fd = ::dup(STDERR_FILENO)) taken.push_back(fd);
  const ProbeResult result = probe(url);
  for (const int fd : taken) ::close(fd);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(result.open.fault, Fault::local) << result.open.detail;
  EXPECT_FALSE(result.is_evidence());
}

TEST_F(ProbeTest, PrivateAddressesAreRefusedUnlessAllowed) {
  options.probe.allow_private_addresses = false;
  EXPECT_EQ(probe(EndpointKind::healthy).open.fault, Fault::address_refused);
}

}  // namespace
}  // namespace pharos::monitor
