// Certificates made at run time, so that no key lies in the repository and none expires.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace pharos::testing {

// PEM texts.
struct TestCertificate {
  std::string certificate;
  std::string key;
};

struct CertificateRequest {
  std::string common_name = "test";
  std::vector<std::string> dns_names{};
  std::vector<std::string> ip_addresses{};
  std::chrono::hours valid_from{-1};  // from now
  std::chrono::hours valid_until{24};
};

// A certificate authority of its own.
TestCertificate make_authority(const std::string& common_name = "Test Authority");
// A server certificate signed by the authority.
TestCertificate make_certificate(const TestCertificate& authority, const CertificateRequest& request);

}  // namespace pharos::testing
