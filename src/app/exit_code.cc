#include "app/exit_code.h"

namespace pharos::app {

ExitCode exit_code(storage::StorageError error) {
  switch (error) {
    case storage::StorageError::cannot_create:
      return ExitCode::cannot_create;
    case storage::StorageError::permission:
      return ExitCode::permission;
    case storage::StorageError::locked:
      return ExitCode::retry_later;
    case storage::StorageError::io:
    case storage::StorageError::disk_full:
    case storage::StorageError::map_full:
      return ExitCode::io;
    case storage::StorageError::newer_schema:
    case storage::StorageError::corrupt:
    case storage::StorageError::readers_full:
      break;
  }
  return ExitCode::failure;
}

std::string failure_text(const storage::StorageFailure& failure) {
  std::string text = std::string(describe(failure.error)) + ": " + failure.detail;
  if (failure.error == storage::StorageError::locked) text += "; stop serve or import there first";
  return text;
}

}  // namespace pharos::app
