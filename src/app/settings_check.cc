#include "app/settings_check.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/identity.h"
#include "app/shell_program.h"
#include "net/tls.h"
#include "net/tls_client.h"
#include "util/ip_range.h"

namespace pharos::app {
namespace {

using config::SettingError;
using config::Settings;

// Why nothing can be read from a file; opening alone does not tell of a directory.
std::optional<std::string> unreadable(const std::string& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  char byte = 0;
  const bool fine = fd >= 0 && ::read(fd, &byte, 1) >= 0;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (fine) return std::nullopt;
  return file + ": " + std::strerror(error);
}

class FileChecks {
 public:
  explicit FileChecks(const Settings& settings) : settings_(settings) {}

  std::vector<SettingError> run() {
    check_identity();
    check_certificate();
    for (const char* key : {"router.ca_file", "monitor.ca_file"}) {
      if (!is_readable(key)) continue;
      if (const auto context = anchors_.get(text(key)); !context) add(key, context.error().detail);
    }
    is_readable("monitor.targets_file");
    check_directory();
    check_plugin();
    return std::move(errors_);
  }

 private:
  const std::string& text(std::string_view key) const { return settings_.values.text(key); }
  void add(std::string_view key, std::string message) {
    errors_.push_back(config::error_at(settings_, key, std::move(message)));
  }

  // Set, and not at fault already.
  bool is_readable(std::string_view key) {
    if (text(key).empty()) return false;
    const auto why = unreadable(text(key));
    if (why) add(key, *why);
    return !why;
  }

  // The one in the data directory is made on the first start.
  void check_identity() {
    const std::filesystem::path own = identity_in(text("storage.directory"));
    std::error_code unknown;
    if (text("identity.file").empty() && std::filesystem::exists(own, unknown)) {
      if (const auto key = load_identity({"", text("storage.directory")}); !key)
        add("identity.file", key.error().detail);
    }
    if (is_secret_key(text("identity.file")) || !is_readable("identity.file")) return;
    if (const auto key = read_key_file(text("identity.file")); !key) add("identity.file", key.error().detail);
  }

  void check_directory() {
    std::error_code unknown;
    const std::filesystem::path directory = text("storage.directory");
    if (std::filesystem::exists(directory, unknown) && !std::filesystem::is_directory(directory, unknown))
      add("storage.directory", directory.string() + " is no directory");
  }

  // The program alone: what is given to it may be a secret.
  void check_plugin() {
    const std::string& command = text("plugin.command");
    // Without a space it is a file, and not read by the shell.
    const bool is_file = !command.empty() && command.find(' ') == std::string::npos;
    const auto program = is_file ? command : program_of(command);
    if (!program) return;
    struct stat status {};
    if (!program->starts_with('/')) {
      add("plugin.command", *program + ": the program must be named by an absolute path, one that begins with /");
    } else if (::stat(program->c_str(), &status) != 0 || ::access(program->c_str(), X_OK) != 0) {
      add("plugin.command", *program + ": " + std::strerror(errno));
    } else if (!S_ISREG(status.st_mode)) {
      add("plugin.command", *program + ": is no file");
    }
  }

  void check_certificate() {
    const bool certificate = is_readable("relay.tls_certificate");
    const bool key = is_readable("relay.tls_key");
    if (!certificate || !key) return;
    const auto context = net::TlsContext::load(text("relay.tls_certificate"), text("relay.tls_key"));
    if (context) return;
    const bool of_key = !context.error().detail.starts_with(text("relay.tls_certificate") + ":");
    add(of_key ? "relay.tls_key" : "relay.tls_certificate", context.error().detail);
  }

  const Settings& settings_;
  net::TlsClientContexts anchors_;
  std::vector<SettingError> errors_;
};

// The file from top to bottom, then the environment.
void sort_errors(std::vector<SettingError>& errors, const std::string& file) {
  std::ranges::stable_sort(errors, {}, [&](const SettingError& error) {
    return std::pair(!file.empty() && error.file != file, error.line);
  });
}

}  // namespace

Result<Loaded, std::vector<SettingError>> check_settings(const std::string& file,
                                                         const config::Environment& environment, std::size_t cores,
                                                         NamedFiles files) {
  config::Reading reading = config::read_settings(file, environment);
  std::vector<SettingError> errors = std::move(reading.errors);
  const auto append = [&errors](std::vector<SettingError> more) {
    std::ranges::move(more, std::back_inserter(errors));
  };
  if (!reading.complete) return failure(std::move(errors));
  auto options = map_options(reading.settings, cores);
  if (!options) append(std::move(options).error());
  if (files == NamedFiles::checked) append(FileChecks(reading.settings).run());
  if (!errors.empty()) {
    sort_errors(errors, file);
    return failure(std::move(errors));
  }
  return Loaded{std::move(reading.settings), std::move(options).value()};
}

std::vector<std::string> doubts(const AllOptions& options) {
  std::vector<std::string> out;
  const auto admin = IpRange::of_endpoint(options.admin.listen);
  const auto is_within = [&admin](const char* loopback) { return IpRange::parse(loopback)->contains(*admin); };
  if (admin && !is_within("127.0.0.0/8") && !is_within("::1")) {
    out.push_back("admin.listen " + options.admin.listen +
                  " is no loopback address: whoever reaches it can ban and delete; see that only you do");
  }
  return out;
}

}  // namespace pharos::app
