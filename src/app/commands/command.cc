#include "app/commands/command.h"

#include <filesystem>
#include <thread>

#include <fmt/format.h>

#include "net/tls.h"
#include "net/tls_client.h"
#include "util/log.h"

namespace pharos::app {
namespace {

constexpr const char* kDefaultConfig = "/etc/pharos/pharos.toml";

}  // namespace

std::shared_ptr<std::string> add_config_option(CLI::App& command) {
  std::error_code ignored;
  auto file = std::make_shared<std::string>(std::filesystem::exists(kDefaultConfig, ignored) ? kDefaultConfig : "");
  command.add_option("-c,--config", *file, std::string("Settings file; ") + kDefaultConfig + " when it is there");
  command.parse_complete_callback([file] {});  // keeps the text alive as long as the command
  return file;
}

std::unique_ptr<Loaded> load_or_complain(const std::string& config_file) {
  auto settings = config::load_settings(config_file, config::process_environment());
  if (!settings) {
    for (const auto& error : settings.error()) complain(error.text());
    return nullptr;
  }
  auto options = map_options(settings.value(), std::thread::hardware_concurrency());
  if (!options) {
    for (const auto& error : options.error()) complain(error.text());
    return nullptr;
  }
  log::configure(options.value().log_level, options.value().log_format);
  return std::make_unique<Loaded>(Loaded{std::move(settings).value(), std::move(options).value()});
}

OpenedStore open_read_only(const std::string& config_file, const Clock& clock) {
  OpenedStore opened;
  opened.loaded = load_or_complain(config_file);
  if (!opened.loaded) {
    opened.code = ExitCode::settings;
    return opened;
  }
  storage::StoreOptions options = opened.loaded->options.store;
  options.read_only = true;
  auto store = storage::Store::open(options, clock);
  if (!store) {
    complain(std::string(describe(store.error().error)) + ": " + store.error().detail);
    opened.code = exit_code(store.error().error);
    return opened;
  }
  opened.store = std::move(store).value();
  return opened;
}

bool files_are_fine(const AllOptions& options) {
  bool fine = true;
  const auto check = [&](const auto& loaded) {
    if (loaded) return;
    complain(loaded.error().detail);
    fine = false;
  };
  if (!options.tls_certificate.empty()) check(net::TlsContext::load(options.tls_certificate, options.tls_key));
  net::TlsClientContexts contexts;
  for (const std::string& file : {options.router.ca_file, options.monitor.probe.ca_file}) {
    if (!file.empty()) check(contexts.get(file));
  }
  return fine;
}

void complain(const std::string& text) { fmt::print(stderr, "pharos: {}\n", text); }

}  // namespace pharos::app
