// Where the relay's key comes from, and which files are refused.

#include "app/identity.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "nostr/nip19.h"
#include "nostr/schnorr.h"
#include "support/temp_dir.h"

namespace pharos::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kSecretHex = "67dea2ed018072d675f5415ecfaed7d2597555e202d85b3d65ea4e58d2d92ffa";

class IdentityTest : public ::testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const std::string& text, mode_t mode = 0600) {
    const auto file = dir_.path() / name;
    std::ofstream(file) << text;
    ::chmod(file.c_str(), mode);
    return file;
  }
  void TearDown() override { ::unsetenv("CREDENTIALS_DIRECTORY"); }

  testing::TempDir dir_;
  SeededRandom random_{7};
};

TEST_F(IdentityTest, IsMadeOnFirstStartWithModeSixHundredAndFoundAgain) {
  const IdentityOptions options{{}, dir_.path() / "data"};
  const auto made = load_or_create_identity(options, random_);
  ASSERT_TRUE(made.has_value()) << made.error().detail;
  EXPECT_TRUE(made.value().created);
  struct stat status {};
  ASSERT_EQ(::stat(made.value().file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);

  const auto again = load_or_create_identity(options, random_);
  ASSERT_TRUE(again.has_value());
  EXPECT_FALSE(again.value().created);
  EXPECT_EQ(again.value().pubkey, made.value().pubkey);
}

TEST_F(IdentityTest, ReadsHexAndNsec) {
  const SecretKey secret = *SecretKey::from_hex(kSecretHex);
  const auto hex = read_key_file(write("hex", std::string(kSecretHex) + "\n"));
  const auto nsec = read_key_file(write("nsec", encode_nsec(secret)));
  ASSERT_TRUE(hex.has_value());
  ASSERT_TRUE(nsec.has_value());
  EXPECT_EQ(hex.value().secret, secret);
  EXPECT_EQ(nsec.value().pubkey, *derive_public_key(secret));
}

TEST_F(IdentityTest, RefusesAFileThatOthersMayRead) {
  for (const mode_t mode : {0644U, 0640U, 0604U, 0660U}) {
    const auto read = read_key_file(write("loose", kSecretHex, mode));
    ASSERT_FALSE(read.has_value()) << mode;
    EXPECT_TRUE(read.error().permission);
    EXPECT_THAT(read.error().detail, HasSubstr("loose"));
  }
}

TEST_F(IdentityTest, ErrorsNeverRepeatWhatStandsInTheFile) {
  const std::string almost = std::string(kSecretHex).substr(1);
  const auto read = read_key_file(write("bad", almost));
  ASSERT_FALSE(read.has_value());
  EXPECT_THAT(read.error().detail, Not(HasSubstr(almost.substr(0, 8))));
}

TEST_F(IdentityTest, RefusesKeysOutsideTheGroup) {
  EXPECT_FALSE(read_key_file(write("zero", std::string(64, '0'))).has_value());
  EXPECT_FALSE(read_key_file(write("beyond", std::string(64, 'f'))).has_value());
}

TEST_F(IdentityTest, TheConfiguredFileWinsOverTheCredentialAndNeitherIsReplacedByANewKey) {
  const auto credential = write("nsec", std::string(63, '0') + "3");
  ::setenv("CREDENTIALS_DIRECTORY", dir_.path().c_str(), 1);
  const IdentityOptions by_credential{{}, dir_.path() / "data"};
  const auto from_credential = load_or_create_identity(by_credential, random_);
  ASSERT_TRUE(from_credential.has_value());
  EXPECT_EQ(from_credential.value().file, credential);

  const auto file = write("own", kSecretHex);
  const auto from_file = load_or_create_identity({file, dir_.path() / "data"}, random_);
  ASSERT_TRUE(from_file.has_value());
  EXPECT_EQ(from_file.value().file, file);
  EXPECT_FALSE(load_or_create_identity({dir_.path() / "missing", dir_.path() / "data"}, random_).has_value());
  EXPECT_FALSE(std::filesystem::exists(dir_.path() / "data"));
}

TEST_F(IdentityTest, ACredentialMayShowTheMaskOfItsAccessListButNotBeOpenToAll) {
  ::setenv("CREDENTIALS_DIRECTORY", dir_.path().c_str(), 1);
  write("nsec", kSecretHex, 0440);
  EXPECT_TRUE(load_identity({{}, dir_.path() / "data"}).has_value());
  write("nsec", kSecretHex, 0444);
  EXPECT_FALSE(load_identity({{}, dir_.path() / "data"}).has_value());
}

TEST_F(IdentityTest, ACrashWhileTheKeyIsWrittenLeavesNoHalfKey) {
  const auto file = dir_.path() / "identity.key";
  const auto crash = [&] {
    const rlimit nothing{0, 0};
    ::setrlimit(RLIMIT_CORE, &nothing);
    ::setrlimit(RLIMIT_FSIZE, &nothing);  // the first byte written ends the process
    static_cast<void>(write_key_file(file, generate_secret_key(random_)));
  };
  EXPECT_EXIT(crash(), ::testing::KilledBySignal(SIGXFSZ), "");
  EXPECT_FALSE(std::filesystem::exists(file));
  EXPECT_TRUE(load_or_create_identity({{}, dir_.path()}, random_).has_value());
}

TEST_F(IdentityTest, AnExistingFileIsNeverOverwritten) {
  const auto file = write("key", kSecretHex);
  EXPECT_FALSE(write_key_file(file, generate_secret_key(random_)).has_value());
  EXPECT_EQ(read_key_file(file).value().secret.hex(), kSecretHex);
}

}  // namespace
}  // namespace pharos::app
