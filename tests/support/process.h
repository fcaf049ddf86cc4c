// A child process of a black-box test; killed with its owner.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace pharos::testing {

class Process {
 public:
  // Output goes to the files; empty paths discard it. extra_env is added to the environment.
  Process(const std::vector<std::string>& command, const std::filesystem::path& out, const std::filesystem::path& err,
          const std::map<std::string, std::string>& extra_env = {}, const std::filesystem::path& in = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void signal(int number) const;
  bool running();
  // The exit code, or 128 + signal; nullopt when it did not end within the limit.
  std::optional<int> wait(std::chrono::milliseconds limit = std::chrono::seconds(60));
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

struct Ran {
  int exit_code = -1;
  std::string out;
  std::string err;
};

// Runs a command to its end.
Ran run(const std::vector<std::string>& command, const std::string& input = {},
        const std::map<std::string, std::string>& extra_env = {},
        std::chrono::milliseconds limit = std::chrono::seconds(120));

// The pharos program of this build.
std::string pharos_program();

}  // namespace pharos::testing
