// The relay's own key: made on first start, or read from a file or a systemd credential. It never comes from the
// command line or the environment, where other users could see it.
//
// Looked for in this order: the configured file; $CREDENTIALS_DIRECTORY/nsec (LoadCredential=nsec:...); identity.key in
// the data directory, which is created when it is missing.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "nostr/types.h"
#include "util/random.h"
#include "util/result.h"

namespace pharos::app {

struct Identity {
  SecretKey secret;
  PublicKey pubkey;
  std::filesystem::path file;  // where the secret came from
  bool created = false;
};

struct IdentityFailure {
  bool permission = false;  // readable by group or others, or not readable by us
  std::string detail;       // names the file; never its content
};

struct IdentityOptions {
  std::filesystem::path configured_file;  // "" for none
  std::filesystem::path data_directory;
};

// Whether a text is a secret key, which must not be told to anybody, and no name of a file.
bool is_secret_key(std::string_view text);

// Where it is made when no other is given.
std::filesystem::path identity_in(const std::filesystem::path& data_directory);

// Makes the key when there is none.
Result<Identity, IdentityFailure> load_or_create_identity(const IdentityOptions& options, Random& random);

// For commands that only show it: never creates.
Result<Identity, IdentityFailure> load_identity(const IdentityOptions& options);

// Reads one key, as 64 hex digits or nsec1..., from a file of mode 0600 or stricter.
Result<Identity, IdentityFailure> read_key_file(const std::filesystem::path& file);

// Writes the secret as nsec with mode 0600, synced; fails when the file exists.
Result<void, IdentityFailure> write_key_file(const std::filesystem::path& file, const SecretKey& secret);

}  // namespace pharos::app
