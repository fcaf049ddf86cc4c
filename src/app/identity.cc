#include "app/identity.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nostr/nip19.h"
#include "nostr/schnorr.h"

namespace pharos::app {
namespace {

constexpr std::size_t kMaxKeyFileBytes = 1024;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

IdentityFailure failed(const std::filesystem::path& file, const std::string& what) {
  return {errno == EACCES || errno == EPERM, file.string() + ": " + what + ": " + std::strerror(errno)};
}

// Mode bits that a key file may not have.
constexpr mode_t kOthersMayNotRead = 077;
// systemd gives the service its credential by an access control list, whose mask shows as group bits; the directory
// around it lets nobody else in.
constexpr mode_t kOnlyTheListMayRead = 007;

struct GivenFile {
  std::filesystem::path file;
  mode_t refused_bits = kOthersMayNotRead;
};

// The file that must hold the key, or none when the one in the data directory is to be used.
std::optional<GivenFile> given_file(const IdentityOptions& options) {
  if (!options.configured_file.empty()) return GivenFile{options.configured_file};
  if (const char* directory = std::getenv("CREDENTIALS_DIRECTORY")) {
    const std::filesystem::path file = std::filesystem::path(directory) / "nsec";
    std::error_code ignored;
    if (std::filesystem::exists(file, ignored)) return GivenFile{file, kOnlyTheListMayRead};
  }
  return std::nullopt;
}

std::optional<SecretKey> parse_secret(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  if (auto secret = SecretKey::from_hex(text)) return secret;
  const auto entity = parse_nip19(text);
  if (!entity) return std::nullopt;
  if (const auto* secret = std::get_if<SecretKey>(&entity.value())) return *secret;
  return std::nullopt;
}

Result<Identity, IdentityFailure> read_key(const std::filesystem::path& file, mode_t refused_bits) {
  const Descriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return failed(file, "cannot open the key file");
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return failed(file, "cannot examine the key file");
  if ((status.st_mode & refused_bits) != 0) {
    return IdentityFailure{true, file.string() + ": the key file is readable by others; chmod 600 it"};
  }
  char buffer[kMaxKeyFileBytes];
  const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
  if (got < 0) return failed(file, "cannot read the key file");
  auto secret = parse_secret({buffer, static_cast<std::size_t>(got)});
  ::explicit_bzero(buffer, sizeof buffer);
  if (!secret) return IdentityFailure{false, file.string() + ": neither 64 hex digits nor an nsec"};
  const auto pubkey = derive_public_key(*secret);
  if (!pubkey) return IdentityFailure{false, file.string() + ": not a valid secp256k1 secret key"};
  return Identity{*secret, *pubkey, file, false};
}

}  // namespace

bool is_secret_key(std::string_view text) { return parse_secret(text).has_value(); }

std::filesystem::path identity_in(const std::filesystem::path& data_directory) {
  return data_directory / "identity.key";
}

Result<Identity, IdentityFailure> read_key_file(const std::filesystem::path& file) {
  return read_key(file, kOthersMayNotRead);
}

// Written under another name and linked when it is on disk: after a crash there is the whole key or none.
Result<void, IdentityFailure> write_key_file(const std::filesystem::path& file, const SecretKey& secret) {
  std::string draft = file.string() + ".XXXXXX";
  const Descriptor fd(::mkostemp(draft.data(), O_CLOEXEC));  // mode 0600
  if (fd.get() < 0) return failed(file, "cannot create the key file");
  std::string text = encode_nsec(secret) + "\n";
  const bool written = ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::explicit_bzero(text.data(), text.size());
  const auto give_up = [&](const char* what) {
    const IdentityFailure failure = failed(file, what);
    ::unlink(draft.c_str());
    return failure;
  };
  if (!written || ::fsync(fd.get()) != 0) return give_up("cannot write the key file");
  // Unlike rename it never replaces a key that is there.
  if (::link(draft.c_str(), file.c_str()) != 0) return give_up("cannot create the key file");
  ::unlink(draft.c_str());
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() >= 0) ::fsync(directory.get());
  return success();
}

Result<Identity, IdentityFailure> load_identity(const IdentityOptions& options) {
  if (const auto given = given_file(options)) return read_key(given->file, given->refused_bits);
  return read_key_file(identity_in(options.data_directory));
}

Result<Identity, IdentityFailure> load_or_create_identity(const IdentityOptions& options, Random& random) {
  if (const auto given = given_file(options)) return read_key(given->file, given->refused_bits);
  const std::filesystem::path file = identity_in(options.data_directory);
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored)) return read_key_file(file);
  std::filesystem::create_directories(options.data_directory, ignored);
  PHAROS_TRYV(write_key_file(file, generate_secret_key(random)));
  PHAROS_TRY(auto made, read_key_file(file));
  made.created = true;
  return made;
}

}  // namespace pharos::app
