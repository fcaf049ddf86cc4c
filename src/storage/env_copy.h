// The pages of an environment that are in use, as a stream: LMDB's compacting copy, which is an environment of its own.
//
// What is copied is one moment, at or before the return of the first next(). From that moment to the end of the stream
// a read transaction stands: pages that were freed since are not used again, and the file of a database that is being
// written grows by as many.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "storage/env.h"
#include "util/result.h"

namespace pharos::storage {

// One thread.
class EnvCopy {
 public:
  // env outlives it, and is not replaced while it lasts.
  static Result<std::unique_ptr<EnvCopy>, StorageFailure> begin(const Env& env);
  // Gives up what was not taken.
  ~EnvCopy();
  EnvCopy(const EnvCopy&) = delete;
  EnvCopy& operator=(const EnvCopy&) = delete;

  // Waits for more; empty once all of it was there. Valid until the next call.
  Result<std::string_view, StorageFailure> next();

 private:
  EnvCopy(const Env& env, int from, int into);

  const Env& env_;
  const int from_;
  int copied_ = 0;  // LMDB's code; the thread's until it has ended
  std::string buffer_;
  std::thread thread_;
};

}  // namespace pharos::storage
