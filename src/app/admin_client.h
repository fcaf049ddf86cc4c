// Asks a running instance: one GET or POST to its admin listener, found through the run file of the data directory.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "app/exit_code.h"
#include "util/result.h"

namespace pharos::app {

struct AdminQuery {
  std::filesystem::path data_directory{};
  std::string address{};                           // "host:port"; "" looks into the run file
  std::string path;                                // "/api/v1/router"
  std::optional<std::string> post = std::nullopt;  // the body of a POST, instead of a GET
  std::chrono::seconds timeout{5};
};

struct AdminFailure {
  ExitCode code = ExitCode::unavailable;
  std::string detail;
  bool nothing_runs = false;  // no instance has a run file in the data directory
};

// The body of a 200 or 202 answer; what a 400 says is a usage error. Answers without the mark of the admin listener are
// told as those of somebody else. Blocks for at most the timeout.
Result<std::string, AdminFailure> ask_admin(const AdminQuery& query);

}  // namespace pharos::app
