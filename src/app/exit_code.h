// What the program ends with; sysexits.h numbers where there is one. deploy/README.md lists them for operators.
#pragma once

#include <string>

#include "storage/error.h"

namespace pharos::app {

enum class ExitCode : int {
  ok = 0,
  failure = 1,
  partial = 2,  // import: lines refused; monitor check: targets not fine; sync: events missing; plugin test: faults
  usage = 64,
  no_input = 66,       // import: a file cannot be opened
  unavailable = 69,    // the instance, relay or plugin asked for does not answer
  cannot_create = 73,  // the database cannot be made, or is not there to be read; a file to write cannot be made, or is
                       // there already
  io = 74,
  retry_later = 75,  // the database is locked by another process
  permission = 77,
  settings = 78,
};

ExitCode exit_code(storage::StorageError error);

// What to print: kind, detail, and what to do where that is known.
std::string failure_text(const storage::StorageFailure& failure);

}  // namespace pharos::app
