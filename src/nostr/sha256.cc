// OpenSSL's own SHA-256 rather than EVP, which in 3.0 allocates a context of its provider for each digest.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "nostr/sha256.h"

#include <openssl/sha.h>

#include "util/check.h"

namespace pharos {

std::array<std::uint8_t, 32> sha256(std::span<const std::uint8_t> bytes) {
  SHA256_CTX context;
  std::array<std::uint8_t, 32> out;
  const bool done = SHA256_Init(&context) == 1 && SHA256_Update(&context, bytes.data(), bytes.size()) == 1 &&
                    SHA256_Final(out.data(), &context) == 1;
  PHAROS_FATAL_CHECK(done);
  return out;
}

}  // namespace pharos
