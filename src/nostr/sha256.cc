#include "nostr/sha256.h"

#include <memory>

#include <openssl/evp.h>

#include "util/check.h"

namespace pharos {
namespace {

// Fetching looks through the providers under a lock, so it is done once; the digest lives as long as the process.
const EVP_MD* digest() {
  static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return fetched;
}

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

std::array<std::uint8_t, 32> sha256(std::span<const std::uint8_t> bytes) {
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  std::array<std::uint8_t, 32> out;
  const bool done = EVP_DigestInit_ex2(context.get(), digest(), nullptr) == 1 &&
                    EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1 &&
                    EVP_DigestFinal_ex(context.get(), out.data(), nullptr) == 1;
  PHAROS_FATAL_CHECK(done);
  return out;
}

}  // namespace pharos
