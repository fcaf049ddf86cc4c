#include "nostr/sha256.h"

#include <string>
#include <thread>

#include <gmock/gmock.h>

#include "util/bytes.h"

namespace pharos {
namespace {

std::string digest(std::string_view text) { return to_hex(sha256(as_bytes(text))); }

TEST(Sha256, AgreesWithFips180) {
  EXPECT_EQ(digest(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(digest("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digest(std::string(1'000'000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, WorksOnEveryThread) {
  std::string other;
  std::thread([&] { other = digest("abc"); }).join();
  EXPECT_EQ(other, digest("abc"));
}

}  // namespace
}  // namespace pharos
