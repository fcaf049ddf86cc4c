// One running pharos of a black-box test: settings file, data directory, ports picked by the kernel.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "support/process.h"
#include "support/temp_dir.h"

namespace pharos::testing {

class PharosInstance {
 public:
  // `settings` is TOML added to what every instance needs (listeners on port 0, data directory, quiet log). Dotted keys
  // at the top would land in the last table, so begin with a [table] header or with nothing.
  explicit PharosInstance(std::string settings = {});
  ~PharosInstance();

  // Starts and waits until both listeners answer; false (with the log in failure()) when it does not come up.
  // relay_listen fixes the address, so that an instance comes back on the same port after a crash.
  bool start(const std::string& relay_listen = "127.0.0.1:0");
  void kill();                     // SIGKILL
  std::optional<int> terminate();  // SIGTERM and wait; the exit code
  void set_settings(std::string settings) { settings_ = std::move(settings); }
  // Rows of the table [storage], besides the directory and the size of the map.
  void set_storage(std::string rows) { storage_ = std::move(rows); }
  void set_map_size(std::string size) { map_size_ = std::move(size); }
  // The data directory becomes a file system of its own, of so many bytes, which the instance alone sees: what lies in
  // it is found below own_root(). It is gone with the process.
  void set_disk(std::size_t bytes) { disk_bytes_ = bytes; }
  // Whether this machine lets us do so.
  static bool can_have_disks();
  std::filesystem::path own_root() const { return "/proc/" + std::to_string(process_->pid()) + "/root"; }

  const std::string& relay_address() const { return relay_address_; }
  const std::string& admin_address() const { return admin_address_; }
  std::string relay_url() const { return "ws://" + relay_address_ + "/"; }
  std::filesystem::path data() const { return dir_.path() / "data"; }
  std::filesystem::path config_file() const { return dir_.path() / "pharos.toml"; }
  std::filesystem::path directory() const { return dir_.path(); }
  std::string log() const;
  Process& process() { return *process_; }

  // Runs `pharos <command...> --config <this instance's file>`.
  Ran command(std::vector<std::string> words, const std::string& input = {}) const;

 private:
  void write_config(const std::string& relay_listen) const;

  std::string settings_;
  std::string storage_;
  std::string map_size_ = "16GiB";
  std::size_t disk_bytes_ = 0;
  TempDir dir_;
  std::unique_ptr<Process> process_;
  std::string relay_address_;
  std::string admin_address_;
};

}  // namespace pharos::testing
