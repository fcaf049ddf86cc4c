#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include "app/commands/command.h"
#include "app/identity.h"
#include "nostr/nip19.h"
#include "nostr/schnorr.h"

namespace pharos::app {
namespace {

void print_public(const PublicKey& key) { fmt::print("npub  {}\nhex   {}\n", encode_npub(key), key.hex()); }

ExitCode generate(const std::string& output) {
  SystemRandom random;
  const SecretKey secret = generate_secret_key(random);
  if (output == "-") {
    fmt::print("nsec  {}\n", encode_nsec(secret));
  } else if (const auto written = write_key_file(output, secret); !written) {
    complain(written.error().detail);
    return written.error().permission ? ExitCode::permission : ExitCode::cannot_create;
  }
  print_public(*derive_public_key(secret));
  if (output != "-") fmt::print("file  {}\n", output);
  return ExitCode::ok;
}

ExitCode show(const std::string& config_file, bool secret) {
  const auto loaded = load_or_complain(config_file);
  if (!loaded) return ExitCode::settings;
  const std::filesystem::path file = loaded->options.store.directory / "identity.key";
  const bool is_made_by_serve =
      loaded->options.identity_file.empty() && std::getenv("CREDENTIALS_DIRECTORY") == nullptr;
  std::error_code error;
  if (is_made_by_serve && !std::filesystem::exists(file, error) && !error) {
    complain(
        fmt::format("there is no key yet: the first start of serve makes {0}, and so does pharos key generate "
                    "--output {0}",
                    file.string()));
    return ExitCode::failure;
  }
  const auto identity = load_identity({loaded->options.identity_file, loaded->options.store.directory});
  if (!identity) {
    complain(identity.error().detail);
    return identity.error().permission ? ExitCode::permission : ExitCode::failure;
  }
  print_public(identity.value().pubkey);
  fmt::print("file  {}\n", identity.value().file.string());
  if (secret) fmt::print("nsec  {}\n", encode_nsec(identity.value().secret));
  return ExitCode::ok;
}

}  // namespace

void add_key(CLI::App& root, Action& action) {
  CLI::App* group = root.add_subcommand("key", "The relay's identity");
  group->require_subcommand(1);
  CLI::App* generate_command = group->add_subcommand("generate", "Make a new secret key");
  auto output = std::make_shared<std::string>();
  generate_command->add_option("-o,--output", *output, "File to create with mode 0600; - prints the secret")
      ->required();
  generate_command->callback([&action, output] { action = [output] { return generate(*output); }; });
  CLI::App* show_command = group->add_subcommand("show", "Print the public key of the identity in use");
  const auto config = add_config_option(*show_command);
  auto secret = std::make_shared<bool>(false);
  show_command->add_flag("--secret", *secret, "Print the secret key too");
  show_command->callback([&action, config, secret] { action = [config, secret] { return show(*config, *secret); }; });
}

}  // namespace pharos::app
