// Asks a running instance: one GET or POST to its admin listener, found through the run file of the data directory.
#pragma once

#include <filesystem>
#include <string>

#include "app/exit_code.h"
#include "util/result.h"

namespace pharos::app {

struct AdminQuery {
  std::filesystem::path data_directory;
  std::string address;  // "host:port"; "" looks into the run file
  std::string path;     // "/api/v1/router"
  bool post = false;
};

struct AdminFailure {
  ExitCode code = ExitCode::unavailable;
  std::string detail;
};

// The body of a 200 or 202 answer. Blocks for at most a few seconds.
Result<std::string, AdminFailure> ask_admin(const AdminQuery& query);

}  // namespace pharos::app
