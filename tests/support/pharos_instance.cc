#include "support/pharos_instance.h"

#include <fstream>

#include <signal.h>

#include "support/eventually.h"
#include "support/read_file.h"

namespace pharos::testing {
namespace {

// The string value of a key in the flat JSON object that an instance writes when it listens.
std::string json_string(const std::string& json, const std::string& key) {
  const auto at = json.find("\"" + key + "\"");
  if (at == std::string::npos) return {};
  const auto begin = json.find('"', json.find(':', at)) + 1;
  return json.substr(begin, json.find('"', begin) - begin);
}

// Run as `sh -c THIS DIRECTORY OPTION COMMAND...`.
constexpr const char* kOnItsOwnDisk = R"(mount -t tmpfs -o "$1" none "$0" && shift && exec "$@")";

}  // namespace

bool PharosInstance::can_have_disks() {
  TempDir dir;
  return run({"unshare", "-Urm", "sh", "-c", kOnItsOwnDisk, dir.path().string(), "size=1m", "true"}).exit_code == 0;
}

PharosInstance::PharosInstance(std::string settings) : settings_(std::move(settings)) {}

PharosInstance::~PharosInstance() { kill(); }

void PharosInstance::write_config(const std::string& relay_listen) const {
  std::ofstream out(config_file());
  out << "[storage]\ndirectory = \"" << data().string() << "\"\nmap_size = \"" << map_size_ << "\"\n"
      << storage_ << "\n"
      << "[admin]\nlisten = \"127.0.0.1:0\"\n"
      << "[relay]\nlisten = \"" << relay_listen << "\"\n"
      << settings_ << "\n";
}

bool PharosInstance::start(const std::string& relay_listen) {
  write_config(relay_listen);
  std::filesystem::remove(data() / "run.json");
  std::vector<std::string> words{pharos_program(), "serve", "--config", config_file().string()};
  if (disk_bytes_ > 0) {
    std::filesystem::create_directories(data());
    words.insert(words.begin(), {"unshare", "-Urm", "sh", "-c", kOnItsOwnDisk, data().string(),
                                 "size=" + std::to_string(disk_bytes_)});
  }
  process_ = std::make_unique<Process>(words, dir_.path() / "stdout", dir_.path() / "log");
  const std::filesystem::path root = disk_bytes_ > 0 ? own_root() : "/";
  const bool up = eventually(
      [&] {
        if (!process_->running()) return true;
        const std::string json = read_file(root / data().relative_path() / "run.json");
        relay_address_ = json_string(json, "relay");
        admin_address_ = json_string(json, "admin");
        return !relay_address_.empty() && !admin_address_.empty();
      },
      std::chrono::seconds(30));
  return up && process_->running();
}

void PharosInstance::kill() {
  if (!process_) return;
  process_->signal(SIGKILL);
  process_->wait();
}

std::optional<int> PharosInstance::terminate() {
  if (!process_) return std::nullopt;
  process_->signal(SIGTERM);
  return process_->wait();
}

std::string PharosInstance::log() const { return read_file(dir_.path() / "log"); }

Ran PharosInstance::command(std::vector<std::string> words, const std::string& input) const {
  words.insert(words.begin(), pharos_program());
  words.insert(words.end(), {"--config", config_file().string()});
  return run(words, input);
}

}  // namespace pharos::testing
